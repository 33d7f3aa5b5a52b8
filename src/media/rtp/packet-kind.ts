/** What arrives at a media port, told apart by its first bytes (RFC 7983 §7, RFC 5761 §4). */
export const packetKind = {
  /** RTP, or SRTP: the header looks the same. */
  rtp: 0,
  /** RTCP, or SRTCP. */
  control: 1,
  stun: 2,
  dtls: 3,
  zrtp: 4,
  /** None of them, or one of them that cannot be right. */
  other: 5,
} as const;
export type PacketKind = (typeof packetKind)[keyof typeof packetKind];

export const RTP_HEADER_BYTES = 12;
const CONTROL_MIN_BYTES = 8;
const STUN_HEADER_BYTES = 20;
const DTLS_HEADER_BYTES = 13;
/** Header, a sequence number, and the 16 bytes that are needed to decrypt that. */
const UNIFIED_MIN_BYTES = 18;
const ZRTP_MIN_BYTES = 28;

/** The kind of the datagram in the first `length` of `bytes`. Takes no memory: it is asked for each packet. */
export function kindOf(bytes: Uint8Array, length: number): PacketKind {
  if (length < CONTROL_MIN_BYTES) return packetKind.other;
  const first = bytes[0]!;
  // Version 2 (RFC 3550 §5.1): the two bits that RFC 7983 gives as 128–191.
  if ((first & 0xc0) === 0x80) return isControlType(bytes[1]!) ? controlOf(bytes, length) : rtpOf(bytes, length);
  if (first <= 3) return isStun(bytes, length) ? packetKind.stun : packetKind.other;
  if (first >= 20 && first <= 63) return isDtls(bytes, length) ? packetKind.dtls : packetKind.other;
  return first >= 16 && first <= 19 && isZrtp(bytes, length) ? packetKind.zrtp : packetKind.other;
}

/** RFC 5761 §4: payload types 64–95 with the marker bit are left to RTCP. */
const isControlType = (second: number): boolean => second >= 192 && second <= 223;

/** RFC 3550 §5.1 and §5.3.1. Padding is not looked at: under SRTP its count is encrypted. */
function rtpOf(bytes: Uint8Array, length: number): PacketKind {
  return rtpHeaderLength(bytes, length) > 0 ? packetKind.rtp : packetKind.other;
}

/** Fixed header, contributing sources and extension; 0: the packet ends before they do. */
export function rtpHeaderLength(bytes: Uint8Array, length: number): number {
  const first = bytes[0]!;
  let end = RTP_HEADER_BYTES + (first & 0x0f) * 4;
  if (length >= end && (first & 0x10) !== 0) {
    end += 4;
    if (length >= end) end += ((bytes[end - 2]! << 8) | bytes[end - 1]!) * 4;
  }
  return length >= end ? end : 0;
}

/** RFC 3550 §6.4.1: the length is in words, less one; SRTCP has its index and tag behind the last packet. */
function controlOf(bytes: Uint8Array, length: number): PacketKind {
  const first = (((bytes[2]! << 8) | bytes[3]!) + 1) * 4;
  return first >= CONTROL_MIN_BYTES && first <= length ? packetKind.control : packetKind.other;
}

/** RFC 8489 §5: a length in whole words, and the magic cookie. */
function isStun(bytes: Uint8Array, length: number): boolean {
  if (length < STUN_HEADER_BYTES || (bytes[3]! & 3) !== 0) return false;
  const isCookie = bytes[4] === 0x21 && bytes[5] === 0x12 && bytes[6] === 0xa4 && bytes[7] === 0x42;
  return isCookie && STUN_HEADER_BYTES + ((bytes[2]! << 8) | bytes[3]!) === length;
}

/**
 * RFC 6347 §4.1: a version of 254.x, then epoch, sequence number and length of the first record. What DTLS 1.3 encrypts begins
 * with 001 in its bits, and says neither version nor, always, length (RFC 9147 §4); browsers send that.
 */
function isDtls(bytes: Uint8Array, length: number): boolean {
  if ((bytes[0]! & 0xe0) === 0x20) return length >= UNIFIED_MIN_BYTES;
  if (length < DTLS_HEADER_BYTES || bytes[1] !== 0xfe) return false;
  return DTLS_HEADER_BYTES + ((bytes[11]! << 8) | bytes[12]!) <= length;
}

/** RFC 6189 §5: the cookie "ZRTP". */
function isZrtp(bytes: Uint8Array, length: number): boolean {
  return length >= ZRTP_MIN_BYTES && bytes[4] === 0x5a && bytes[5] === 0x52 && bytes[6] === 0x54 && bytes[7] === 0x50;
}
