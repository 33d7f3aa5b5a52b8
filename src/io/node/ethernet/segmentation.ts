import { frameMaxBytes } from './burst.ts';
import { addWords, complement } from './checksum.ts';

/** Where the pieces go. */
export interface SegmentTarget {
  readonly buffer: Buffer;
  /** Offset in `buffer` at which a frame of this size may be written. */
  room(frameBytes: number): number;
  /** The frame at that offset is complete. */
  commit(frameBytes: number): void;
}

/** What the kernel says of a frame that is several segments in one (GRO on the way in, TSO of a sender on this host). */
export interface LargeFrame {
  readonly buffer: Buffer;
  readonly size: number;
  readonly protocol: 'tcp' | 'udp';
  /** Payload bytes of each segment but the last. */
  readonly segmentBytes: number;
  /** Where the TCP or UDP header begins. */
  readonly transportOffset: number;
}

const etherType = { ipv4: 0x0800, ipv6: 0x86dd, vlan: [0x8100, 0x88a8] } as const;
const udpHeaderBytes = 8;
const tcp = { minHeaderBytes: 20, fin: 0x01, psh: 0x08, cwr: 0x80 } as const;
const protocolNumber = { tcp: 6, udp: 17 } as const;

/** Offset and version of the IP header; undefined if there is none. */
function networkHeader({
  buffer,
  transportOffset,
}: LargeFrame): { readonly at: number; readonly isV4: boolean } | undefined {
  let at = 12;
  while (at < transportOffset && etherType.vlan.some((tag) => tag === buffer.readUInt16BE(at))) at += 4;
  const type = buffer.readUInt16BE(at);
  at += 2;
  if (type === etherType.ipv4 && transportOffset - at >= 20) return { at, isV4: true };
  if (type === etherType.ipv6 && transportOffset - at >= 40) return { at, isV4: false };
  return undefined;
}

function transportHeaderBytes({ buffer, protocol, transportOffset }: LargeFrame): number {
  if (protocol === 'udp') return udpHeaderBytes;
  return Math.max(tcp.minHeaderBytes, (buffer[transportOffset + 12]! >> 4) * 4);
}

/**
 * Cuts a large frame into frames that the network could have carried one by one, each with its own lengths and
 * checksums. False, and nothing is written, if it is not what it is said to be.
 */
export function segment(frame: LargeFrame, target: SegmentTarget): boolean {
  const { buffer, size, segmentBytes, transportOffset } = frame;
  if (transportOffset < 34 || transportOffset + tcp.minHeaderBytes > size || segmentBytes < 1) return false;
  const network = networkHeader(frame);
  const headerBytes = transportOffset + transportHeaderBytes(frame);
  if (network === undefined || headerBytes > size || headerBytes + segmentBytes > frameMaxBytes) return false;
  for (let from = headerBytes, index = 0; from < size || index === 0; from += segmentBytes, index++) {
    const to = Math.min(from + segmentBytes, size);
    const frameBytes = headerBytes + to - from;
    const at = target.room(frameBytes);
    buffer.copy(target.buffer, at, 0, headerBytes);
    buffer.copy(target.buffer, at + headerBytes, from, to);
    const piece = {
      buffer: target.buffer,
      at,
      end: at + frameBytes,
      ip: at + network.at,
      transport: at + transportOffset,
    };
    if (network.isV4) fixIpv4(piece, index);
    else piece.buffer.writeUInt16BE(piece.end - piece.ip - 40, piece.ip + 4);
    if (frame.protocol === 'tcp') fixTcp(piece, from - headerBytes, index === 0, to === size);
    else piece.buffer.writeUInt16BE(piece.end - piece.transport, piece.transport + 4);
    sumTransport(piece, network.isV4, frame.protocol);
    target.commit(frameBytes);
  }
  return true;
}

/** One piece; offsets in `buffer`. */
interface Piece {
  readonly buffer: Buffer;
  readonly at: number;
  readonly end: number;
  readonly ip: number;
  readonly transport: number;
}

/** RFC 791 §3.1: total length, identification, header checksum. */
function fixIpv4({ buffer, end, ip }: Piece, index: number): void {
  const headerBytes = (buffer[ip]! & 0x0f) * 4;
  buffer.writeUInt16BE(end - ip, ip + 2);
  buffer.writeUInt16BE((buffer.readUInt16BE(ip + 4) + index) & 0xffff, ip + 4);
  buffer.writeUInt16BE(0, ip + 10);
  buffer.writeUInt16BE(complement(addWords(buffer, ip, ip + headerBytes, 0)), ip + 10);
}

/** FIN and PSH belong to the last segment, CWR (RFC 3168 §6.1.2) to the first. */
function fixTcp({ buffer, transport }: Piece, payloadOffset: number, isFirst: boolean, isLast: boolean): void {
  buffer.writeUInt32BE((buffer.readUInt32BE(transport + 4) + payloadOffset) >>> 0, transport + 4);
  let flags = buffer[transport + 13]!;
  if (!isLast) flags &= ~(tcp.fin | tcp.psh);
  if (!isFirst) flags &= ~tcp.cwr;
  buffer[transport + 13] = flags;
}

/** The checksum over pseudo header (RFC 9293 §3.1, RFC 8200 §8.1), transport header and payload. */
function sumTransport({ buffer, end, ip, transport }: Piece, isV4: boolean, protocol: 'tcp' | 'udp'): void {
  const field = transport + (protocol === 'tcp' ? 16 : 6);
  buffer.writeUInt16BE(0, field);
  const addresses = isV4 ? addWords(buffer, ip + 12, ip + 20, 0) : addWords(buffer, ip + 8, ip + 40, 0);
  const pseudo = addresses + protocolNumber[protocol] + (end - transport);
  const sum = complement(addWords(buffer, transport, end, pseudo));
  buffer.writeUInt16BE(sum === 0 && protocol === 'udp' ? 0xffff : sum, field);
}
