import { ByteReader, ByteWriter, DecodeError } from '#base';

/** RFC 2132 §9.6; its index is the number on the wire, from 1. */
const types = ['discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'] as const;

export type DhcpMessageType = (typeof types)[number];

/** Numbers of options (RFC 2132) that have a meaning here. */
export const DhcpOption = {
  subnetMask: 1,
  routers: 3,
  nameServers: 6,
  hostName: 12,
  requestedAddress: 50,
  leaseSeconds: 51,
  messageType: 53,
  serverIdentifier: 54,
  parameterRequest: 55,
  renewalSeconds: 58,
  rebindingSeconds: 59,
  clientIdentifier: 61,
} as const;

/** Addresses are 4 bytes; all zeros = none. */
export interface DhcpMessage {
  readonly isRequest: boolean;
  readonly type: DhcpMessageType;
  /** u32, chosen by the client. */
  readonly transactionId: number;
  /** The answer is to be broadcast: the client cannot take unicast yet. */
  readonly isBroadcastWanted: boolean;
  readonly clientAddress: Buffer;
  /** What the server gives. */
  readonly yourAddress: Buffer;
  /** MAC, 6 bytes. */
  readonly clientMac: Buffer;
  /** By number, the message type among them. Values of options that came in pieces are joined. */
  readonly options: ReadonlyMap<number, Buffer>;
}

/*
 * RFC 2131 §2: op 1 · htype 1 · hlen 1 · hops 1 · xid 4 · secs 2 · flags 2 · ciaddr 4 · yiaddr 4 · siaddr 4 · giaddr 4 ·
 * chaddr 16 · sname 64 · file 128 · options, the magic cookie first
 */
const hardwareEthernet = 1;
const macBytes = 6;
const broadcastFlag = 0x8000;
const cookie = 0x63825363;
const fixedBytes = 240;
/** BOOTP relays drop what is shorter (RFC 1542 §2.1). */
const minMessageBytes = 300;
const maxMessageBytes = 1500;
const pad = 0;
const end = 255;

/** @throws DecodeError on what is no DHCP message of an Ethernet client. Options in `sname` and `file` are not read. */
export function decodeDhcpMessage(bytes: Buffer): DhcpMessage {
  if (bytes.length < fixedBytes || bytes.length > maxMessageBytes) {
    throw new DecodeError(`DHCP message of ${bytes.length} bytes, not ${fixedBytes} to ${maxMessageBytes}`, 0);
  }
  const reader = new ByteReader(bytes);
  const operation = reader.u8();
  const hardware = reader.u8();
  const length = reader.u8();
  if (operation < 1 || operation > 2 || hardware !== hardwareEthernet || length !== macBytes) {
    throw new DecodeError(`DHCP message ${operation} for hardware ${hardware} with ${length} bytes of address`, 0);
  }
  reader.skip(1);
  const transactionId = reader.u32();
  reader.skip(2);
  const flags = reader.u16();
  const clientAddress = reader.bytes(4);
  const yourAddress = reader.bytes(4);
  reader.skip(8);
  const clientMac = reader.bytes(16).subarray(0, macBytes);
  reader.skip(64 + 128);
  if (reader.u32() !== cookie) throw new DecodeError('no DHCP options', fixedBytes - 4);
  const options = decodeOptions(reader);
  const number = options.get(DhcpOption.messageType)?.[0] ?? 0;
  const type = types[number - 1];
  if (type === undefined) throw new DecodeError(`DHCP message of type ${number}`, fixedBytes);
  const isBroadcastWanted = (flags & broadcastFlag) !== 0;
  return {
    isRequest: operation === 1,
    type,
    transactionId,
    isBroadcastWanted,
    clientAddress,
    yourAddress,
    clientMac,
    options,
  };
}

function decodeOptions(reader: ByteReader): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  while (reader.remaining > 0) {
    const number = reader.u8();
    if (number === end) break;
    if (number === pad) continue;
    const value = reader.bytes(reader.u8());
    const before = options.get(number);
    // RFC 3396: an option that comes again goes on
    options.set(number, before === undefined ? value : Buffer.concat([before, value]));
  }
  return options;
}

/** The type is taken from `type`. Values of more than 255 bytes are not written. */
export function encodeDhcpMessage(message: DhcpMessage): Buffer {
  const writer = new ByteWriter(minMessageBytes)
    .u8(message.isRequest ? 1 : 2)
    .u8(hardwareEthernet)
    .u8(macBytes)
    .u8(0)
    .u32(message.transactionId)
    .u16(0)
    .u16(message.isBroadcastWanted ? broadcastFlag : 0)
    .bytes(message.clientAddress)
    .bytes(message.yourAddress)
    .bytes(Buffer.alloc(8))
    .bytes(message.clientMac)
    .bytes(Buffer.alloc(16 - macBytes + 64 + 128))
    .u32(cookie);
  const type = types.indexOf(message.type) + 1;
  writer.u8(DhcpOption.messageType).u8(1).u8(type);
  for (const [number, value] of message.options) {
    if (number !== DhcpOption.messageType && value.length <= 255) writer.u8(number).u8(value.length).bytes(value);
  }
  const bytes = writer.u8(end).finish();
  return bytes.length >= minMessageBytes ? bytes : Buffer.concat([bytes, Buffer.alloc(minMessageBytes - bytes.length)]);
}
