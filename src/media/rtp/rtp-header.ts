import { DecodeError } from '#base';
import { RTP_HEADER_BYTES, rtpHeaderLength } from './packet-kind.ts';

/**
 * RFC 3550 §5.1:
 *
 *     V(2) P(1) X(1) CC(4) | M(1) PT(7) | sequence number(16)
 *     timestamp(32)
 *     SSRC(32)
 *     CC × contributing source(32)
 *     X: profile(16), length in words(16), that many words
 */
export interface RtpHeader {
  readonly payloadType: number;
  readonly isMarked: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly source: number;
  readonly contributingSources: readonly number[];
  /** Where the payload begins. */
  readonly length: number;
}

/** @throws DecodeError */
export function decodeRtpHeader(bytes: Uint8Array): RtpHeader {
  if (bytes.length < RTP_HEADER_BYTES) throw new DecodeError('RTP header cut short', bytes.length);
  if ((bytes[0]! & 0xc0) !== 0x80) throw new DecodeError(`RTP version ${bytes[0]! >> 6}, not 2`, 0);
  const length = rtpHeaderLength(bytes, bytes.length);
  if (length === 0) throw new DecodeError('RTP header cut short', bytes.length);
  const count = bytes[0]! & 0x0f;
  return {
    payloadType: payloadTypeOf(bytes),
    isMarked: bytes[1]! >= 128,
    sequence: sequenceOf(bytes),
    timestamp: timestampOf(bytes),
    source: sourceOf(bytes),
    contributingSources: Array.from({ length: count }, (_, i) => wordAt(bytes, RTP_HEADER_BYTES + i * 4)),
    length,
  };
}

/** These read from a packet that is known to have a header: they look at nothing and take no memory. */
export const payloadTypeOf = (bytes: Uint8Array): number => bytes[1]! & 0x7f;
export const sequenceOf = (bytes: Uint8Array): number => (bytes[2]! << 8) | bytes[3]!;
export const timestampOf = (bytes: Uint8Array): number => wordAt(bytes, 4);
export const sourceOf = (bytes: Uint8Array): number => wordAt(bytes, 8);

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** RFC 3551 §6: ticks a second of the payload types that stand for one encoding always; undefined: the SDP says. */
export function staticClockRate(payloadType: number): number | undefined {
  return clockRates[payloadType];
}

const clockRates: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, type) => {
  if (type === 6) return 16_000;
  if (type === 10 || type === 11) return 44_100;
  if (type === 16) return 11_025;
  if (type === 17) return 22_050;
  if ([14, 25, 26, 28, 31, 32, 33, 34].includes(type)) return 90_000;
  return type <= 18 && type !== 1 && type !== 2 ? 8_000 : undefined;
});
