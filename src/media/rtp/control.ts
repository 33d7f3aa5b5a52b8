import { ByteReader, DecodeError } from '#base';

/** RFC 3550 §6.4.1: what a receiver says of one source. */
export interface ReceptionReport {
  readonly source: number;
  /** Of 256, since its last report. */
  readonly fractionLost: number;
  /** Since the beginning; signed, 24 bits. */
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  /** In ticks of the source's clock. */
  readonly jitter: number;
  readonly lastSenderReport: number;
  /** In 1/65,536 s. */
  readonly delaySinceLastReport: number;
}

export type ControlPacket =
  | {
      readonly kind: 'senderReport';
      readonly source: number;
      /** NTP, 32.32 bits. */
      readonly wallClock: bigint;
      readonly timestamp: number;
      readonly packets: number;
      readonly octets: number;
      readonly reports: readonly ReceptionReport[];
    }
  | { readonly kind: 'receiverReport'; readonly source: number; readonly reports: readonly ReceptionReport[] }
  | { readonly kind: 'description'; readonly names: readonly { readonly source: number; readonly name: string }[] }
  | { readonly kind: 'goodbye'; readonly sources: readonly number[] }
  | { readonly kind: 'other'; readonly type: number };

/** A compound of more is not RTCP any more: 1,500 bytes hold fewer. */
const PACKETS_MAX = 128;
const CANONICAL_NAME = 1;

/** A compound packet in clear (RFC 3550 §6.1). @throws DecodeError */
export function decodeControl(bytes: Buffer): readonly ControlPacket[] {
  const packets: ControlPacket[] = [];
  const reader = new ByteReader(bytes);
  while (reader.remaining > 0) {
    if (packets.length === PACKETS_MAX) throw new DecodeError(`more than ${PACKETS_MAX} RTCP packets`, reader.offset);
    const at = reader.offset;
    const first = reader.u8();
    if (first >> 6 !== 2) throw new DecodeError(`RTCP version ${first >> 6}, not 2`, at);
    const type = reader.u8();
    const body = reader.bytes(reader.u16() * 4);
    packets.push(decodeOne(type, first & 0x1f, new ByteReader(withoutPadding(first, body, at))));
  }
  if (packets.length === 0) throw new DecodeError('an empty RTCP packet', 0);
  return packets;
}

function withoutPadding(first: number, body: Buffer, at: number): Buffer {
  if ((first & 0x20) === 0) return body;
  const count = body.at(-1) ?? 0;
  if (count === 0 || count > body.length) throw new DecodeError(`RTCP padding of ${count} bytes`, at);
  return body.subarray(0, body.length - count);
}

function decodeOne(type: number, count: number, body: ByteReader): ControlPacket {
  switch (type) {
    case 200:
      return {
        kind: 'senderReport',
        source: body.u32(),
        wallClock: body.u64(),
        timestamp: body.u32(),
        packets: body.u32(),
        octets: body.u32(),
        reports: decodeReports(body, count),
      };
    case 201:
      return { kind: 'receiverReport', source: body.u32(), reports: decodeReports(body, count) };
    case 202:
      return { kind: 'description', names: Array.from({ length: count }, () => decodeChunk(body)) };
    case 203:
      return { kind: 'goodbye', sources: Array.from({ length: count }, () => body.u32()) };
    default:
      return { kind: 'other', type };
  }
}

function decodeReports(body: ByteReader, count: number): ReceptionReport[] {
  return Array.from({ length: count }, () => {
    const source = body.u32();
    const lost = body.u32();
    return {
      source,
      fractionLost: lost >>> 24,
      cumulativeLost: (lost << 8) >> 8,
      highestSequence: body.u32(),
      jitter: body.u32(),
      lastSenderReport: body.u32(),
      delaySinceLastReport: body.u32(),
    };
  });
}

/** RFC 3550 §6.5: items up to a zero, then zeros up to a whole word. */
function decodeChunk(body: ByteReader): { source: number; name: string } {
  const source = body.u32();
  const start = body.offset;
  let name = '';
  for (;;) {
    const item = body.u8();
    if (item === 0) break;
    const text = body.bytes(body.u8());
    if (item === CANONICAL_NAME) name = text.toString('utf8');
  }
  const used = body.offset - start;
  body.skip((4 - (used % 4)) % 4);
  return { source, name };
}
