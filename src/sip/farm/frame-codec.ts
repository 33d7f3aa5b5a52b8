import { transportNames } from '../transport/transport-name.ts';
import { frameKinds, type Frame } from './frame.ts';
import { FrameAddresses } from './frame-addresses.ts';
import { frameLimits } from './frame-limits.ts';
import { SEAL_BYTES, type FrameSeal } from './frame-seal.ts';

/**
 * A frame is a PROXY protocol v2 header (signature, PROXY command, datagram over IPv4 or IPv6, source = the remote side,
 * destination = our socket) with TLVs of the custom range, the MAC as the last of them, and the SIP message behind it. So it
 * is read by what reads that protocol, and never taken for SIP.
 */
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const VERSION_AND_COMMAND = 0x21;
const UDP_OVER_IPV4 = 0x12;
const UDP_OVER_IPV6 = 0x22;
const HEAD = 16;
const TLV_HEAD = 3;

const Tlv = {
  facts: 0xe0,
  sender: 0xe1,
  holder: 0xe2,
  rest: 0xe3,
  path: 0xe4,
  /** Addresses that are more than their bytes (a zone), or of the other family. */
  local: 0xe5,
  remote: 0xe6,
  tlsName: 0xe7,
  seal: 0xef,
} as const;

/** kind, transport, boots (4 + 4), sequence, subject (6 + 6), socket (4), connection (6), whether it is named */
const FACTS_BYTES = 33;
const MAX_48 = 2 ** 48 - 1;
const MAX_32 = 0xffff_ffff;
const zeros = Buffer.alloc(16);
const none: readonly string[] = Object.freeze([]);

/** Frames to and from their bytes, under the MAC of a farm. */
export class FrameCodec {
  readonly #seal: FrameSeal;
  readonly #addresses = new FrameAddresses();

  constructor(seal: FrameSeal) {
    this.#seal = seal;
  }

  /** @throws RangeError for what no frame may hold. */
  encode(frame: Frame): Buffer {
    checkLimits(frame);
    const { sender, holder, tlsName, payload } = frame;
    const remote = this.#addresses.bytesOf(frame.remoteAddress);
    const size = remote?.length ?? 4;
    const ownLocal = this.#addresses.bytesOf(frame.localAddress);
    const local = ownLocal?.length === size ? ownLocal : undefined;
    const rest = frame.rest.length === 0 ? '' : frame.rest.join(',');
    const path = frame.path.length === 0 ? '' : frame.path.join(',');
    const localText = local === undefined ? frame.localAddress : '';
    const remoteText = remote === undefined ? frame.remoteAddress : '';
    const texts =
      lengthOf(sender) +
      lengthOf(holder) +
      lengthOf(rest) +
      lengthOf(path) +
      lengthOf(localText) +
      lengthOf(remoteText);
    const fixed = HEAD + 2 * size + 4 + TLV_HEAD + FACTS_BYTES + TLV_HEAD + SEAL_BYTES;
    const headerEnd = fixed + texts + lengthOf(tlsName);

    const bytes = Buffer.allocUnsafe(headerEnd + payload.length);
    SIGNATURE.copy(bytes);
    bytes[12] = VERSION_AND_COMMAND;
    bytes[13] = size === 4 ? UDP_OVER_IPV4 : UDP_OVER_IPV6;
    bytes.writeUInt16BE(headerEnd - HEAD, 14);
    (remote ?? zeros).copy(bytes, HEAD, 0, size);
    (local ?? zeros).copy(bytes, HEAD + size, 0, size);
    let at = HEAD + 2 * size;
    at = bytes.writeUInt16BE(frame.remotePort, at);
    at = bytes.writeUInt16BE(frame.localPort, at);
    at = writeFacts(bytes, frame, at);
    at = writeText(bytes, Tlv.sender, sender, at);
    at = writeText(bytes, Tlv.holder, holder, at);
    at = writeText(bytes, Tlv.rest, rest, at);
    at = writeText(bytes, Tlv.path, path, at);
    at = writeText(bytes, Tlv.local, localText, at);
    at = writeText(bytes, Tlv.remote, remoteText, at);
    at = writeText(bytes, Tlv.tlsName, tlsName, at);
    at = writeTlvHead(bytes, Tlv.seal, SEAL_BYTES, at);
    payload.copy(bytes, headerEnd);
    this.#seal.write(bytes, at);
    return bytes;
  }

  /** undefined: not a frame of this farm, or changed on its way. */
  decode(bytes: Buffer): Frame | undefined {
    if (bytes.length < HEAD || SIGNATURE.compare(bytes, 0, SIGNATURE.length) !== 0) return undefined;
    const family = bytes[13];
    const size = family === UDP_OVER_IPV4 ? 4 : family === UDP_OVER_IPV6 ? 16 : 0;
    const headerEnd = HEAD + bytes.readUInt16BE(14);
    const sealAt = headerEnd - SEAL_BYTES;
    const tlvsAt = HEAD + 2 * size + 4;
    if (bytes[12] !== VERSION_AND_COMMAND || size === 0 || headerEnd > bytes.length) return undefined;
    if (bytes.length - headerEnd > frameLimits.payloadMaxBytes || sealAt - TLV_HEAD < tlvsAt) return undefined;
    const hasSeal = bytes[sealAt - TLV_HEAD] === Tlv.seal && bytes.readUInt16BE(sealAt - 2) === SEAL_BYTES;
    if (!hasSeal || !this.#seal.isGood(bytes, sealAt)) return undefined;
    const read = readTlvs(bytes, tlvsAt, sealAt - TLV_HEAD);
    if (read === undefined || read.facts < 0 || read.sender === '') return undefined;
    const { facts, sender, holder, rest, path, local, remote, tlsName } = read;
    const kind = frameKinds[bytes[facts]!];
    const transport = transportNames[bytes[facts + 1]!];
    if (kind === undefined || transport === undefined) return undefined;
    return {
      kind,
      sender,
      holder,
      boot: bytes.readUInt32BE(facts + 2),
      receiverBoot: bytes.readUInt32BE(facts + 6),
      sequence: bytes.readUIntBE(facts + 10, 6),
      subject: bytes.readUIntBE(facts + 16, 6),
      transport,
      socketId: bytes.readUInt32BE(facts + 22),
      connectionId: bytes.readUIntBE(facts + 26, 6),
      remoteAddress: remote === '' ? this.#addresses.textOf(bytes, HEAD, size) : remote,
      localAddress: local === '' ? this.#addresses.textOf(bytes, HEAD + size, size) : local,
      remotePort: bytes.readUInt16BE(HEAD + 2 * size),
      localPort: bytes.readUInt16BE(HEAD + 2 * size + 2),
      tlsName,
      rest: rest === '' ? none : rest.split(',', frameLimits.maxRest),
      path: path === '' ? none : path.split(',', frameLimits.maxHops),
      isNamed: bytes[facts + 32] === 1,
      payload: bytes.subarray(headerEnd),
    };
  }
}

interface Read {
  /** Where they are; -1: nowhere. */
  facts: number;
  sender: string;
  holder: string;
  rest: string;
  path: string;
  local: string;
  remote: string;
  tlsName: string;
}

/** undefined: one of them ends beyond `end`. Those of a later version are passed over. */
function readTlvs(bytes: Buffer, start: number, end: number): Read | undefined {
  const read: Read = { facts: -1, sender: '', holder: '', rest: '', path: '', local: '', remote: '', tlsName: '' };
  let at = start;
  while (at < end) {
    if (at + TLV_HEAD > end) return undefined;
    const type = bytes[at]!;
    const valueAt = at + TLV_HEAD;
    at = valueAt + bytes.readUInt16BE(at + 1);
    if (at > end) return undefined;
    switch (type) {
      case Tlv.facts:
        if (at - valueAt >= FACTS_BYTES) read.facts = valueAt;
        break;
      case Tlv.sender:
        read.sender = bytes.toString('latin1', valueAt, at);
        break;
      case Tlv.holder:
        read.holder = bytes.toString('latin1', valueAt, at);
        break;
      case Tlv.rest:
        read.rest = bytes.toString('latin1', valueAt, at);
        break;
      case Tlv.path:
        read.path = bytes.toString('latin1', valueAt, at);
        break;
      case Tlv.local:
        read.local = bytes.toString('latin1', valueAt, at);
        break;
      case Tlv.remote:
        read.remote = bytes.toString('latin1', valueAt, at);
        break;
      case Tlv.tlsName:
        read.tlsName = bytes.toString('latin1', valueAt, at);
    }
  }
  return read;
}

function writeTlvHead(bytes: Buffer, type: number, length: number, at: number): number {
  bytes[at] = type;
  return bytes.writeUInt16BE(length, at + 1);
}

/** With what goes before it; none of an empty one. */
const lengthOf = (text: string): number => (text === '' ? 0 : TLV_HEAD + text.length);

function writeText(bytes: Buffer, type: number, text: string, start: number): number {
  if (text === '') return start;
  const at = writeTlvHead(bytes, type, text.length, start);
  return at + bytes.write(text, at, 'latin1');
}

function writeFacts(bytes: Buffer, frame: Frame, start: number): number {
  let at = writeTlvHead(bytes, Tlv.facts, FACTS_BYTES, start);
  bytes[at] = frameKinds.indexOf(frame.kind);
  bytes[at + 1] = transportNames.indexOf(frame.transport);
  at = bytes.writeUInt32BE(frame.boot, at + 2);
  at = bytes.writeUInt32BE(frame.receiverBoot, at);
  at = bytes.writeUIntBE(frame.sequence, at, 6);
  at = bytes.writeUIntBE(frame.subject, at, 6);
  at = bytes.writeUInt32BE(frame.socketId, at);
  at = bytes.writeUIntBE(frame.connectionId, at, 6);
  return bytes.writeUInt8(frame.isNamed ? 1 : 0, at);
}

function checkLimits(frame: Frame): void {
  const { sender, holder, rest, path, localAddress, remoteAddress, tlsName, payload } = frame;
  let longestToken = Math.max(sender.length, holder.length);
  for (const token of rest) longestToken = Math.max(longestToken, token.length);
  for (const token of path) longestToken = Math.max(longestToken, token.length);
  const isTooLong =
    longestToken > frameLimits.tokenMaxChars ||
    Math.max(localAddress.length, remoteAddress.length, tlsName.length) > frameLimits.textMaxChars ||
    rest.length > frameLimits.maxRest ||
    path.length > frameLimits.maxHops ||
    payload.length > frameLimits.payloadMaxBytes;
  const isTooLarge =
    Math.max(frame.sequence, frame.subject, frame.connectionId) > MAX_48 ||
    frame.socketId > MAX_32 ||
    frame.boot > MAX_32;
  if (isTooLong || isTooLarge) throw new RangeError(`a frame of kind ${frame.kind} is beyond its limits`);
}
