/** A UDP datagram in an IPv4 packet in an Ethernet frame (RFC 768, RFC 791). Addresses: MAC 6 bytes, IPv4 4 bytes. */
export interface Udp4Frame {
  readonly destinationMac: Buffer;
  readonly sourceMac: Buffer;
  readonly sourceAddress: Buffer;
  readonly destinationAddress: Buffer;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

const ethernetBytes = 14;
const ipv4Bytes = 20;
const udpBytes = 8;
const etherTypeIpv4 = 0x0800;
const protocolUdp = 17;
const timeToLive = 64;

/** Views of `frame`; undefined if it is anything else, a fragment, or cut short. Checksums are not looked at. */
export function decodeUdp4Frame(frame: Buffer): Udp4Frame | undefined {
  if (frame.length < ethernetBytes + ipv4Bytes + udpBytes || frame.readUInt16BE(12) !== etherTypeIpv4) return undefined;
  const packet = frame.subarray(ethernetBytes);
  const headerBytes = (packet[0]! & 0x0f) * 4;
  const isWhole = (packet.readUInt16BE(6) & 0x3fff) === 0;
  if (packet[0]! >> 4 !== 4 || headerBytes < ipv4Bytes || packet[9] !== protocolUdp || !isWhole) return undefined;
  const datagram = packet.subarray(headerBytes, packet.readUInt16BE(2));
  if (datagram.length < udpBytes) return undefined;
  const length = datagram.readUInt16BE(4);
  if (length < udpBytes || length > datagram.length) return undefined;
  return {
    destinationMac: frame.subarray(0, 6),
    sourceMac: frame.subarray(6, 12),
    sourceAddress: packet.subarray(12, 16),
    destinationAddress: packet.subarray(16, 20),
    sourcePort: datagram.readUInt16BE(0),
    destinationPort: datagram.readUInt16BE(2),
    payload: datagram.subarray(udpBytes, length),
  };
}

export function encodeUdp4Frame(udp: Udp4Frame): Buffer {
  const { payload } = udp;
  const frame = Buffer.alloc(ethernetBytes + ipv4Bytes + udpBytes + payload.length);
  udp.destinationMac.copy(frame, 0);
  udp.sourceMac.copy(frame, 6);
  frame.writeUInt16BE(etherTypeIpv4, 12);

  const header = frame.subarray(ethernetBytes, ethernetBytes + ipv4Bytes);
  header[0] = 0x45;
  header.writeUInt16BE(ipv4Bytes + udpBytes + payload.length, 2);
  header[8] = timeToLive;
  header[9] = protocolUdp;
  udp.sourceAddress.copy(header, 12);
  udp.destinationAddress.copy(header, 16);
  header.writeUInt16BE(checksum(header, 0), 10);

  const datagram = frame.subarray(ethernetBytes + ipv4Bytes);
  datagram.writeUInt16BE(udp.sourcePort, 0);
  datagram.writeUInt16BE(udp.destinationPort, 2);
  datagram.writeUInt16BE(udpBytes + payload.length, 4);
  payload.copy(datagram, udpBytes);
  // Over a pseudo header too (RFC 768); 0 would say that there is no checksum.
  const pseudo = sumOf(header.subarray(12, 20)) + protocolUdp + datagram.length;
  datagram.writeUInt16BE(checksum(datagram, pseudo) || 0xffff, 6);
  return frame;
}

function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  return sum;
}

/** RFC 1071. */
function checksum(bytes: Buffer, start: number): number {
  let sum = start + sumOf(bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
