/** Packets as they come from the wire. */
export interface RtpFields {
  readonly payloadType?: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly source?: number;
  readonly payload?: Buffer;
}

export function rtp({
  payloadType = 0,
  sequence = 1,
  timestamp = 160,
  source = 7,
  payload = Buffer.alloc(160, 0xd5),
}: RtpFields = {}): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(source, 8);
  return Buffer.concat([header, payload]);
}

/** A sender report with one report block, a description with a name, and a goodbye. */
export function control(source = 7): Buffer {
  const report = Buffer.alloc(52);
  report[0] = 0x81;
  report[1] = 200;
  report.writeUInt16BE(12, 2);
  report.writeUInt32BE(source, 4);
  report.writeBigUInt64BE(0x0102030405060708n, 8);
  [160, 10, 1600, 99].forEach((word, i) => report.writeUInt32BE(word, 16 + i * 4));
  report.writeInt32BE((25 << 24) | (-2 & 0xffffff), 32);
  [0x1_0005, 44, 0x0304_0506, 65_536].forEach((word, i) => report.writeUInt32BE(word, 36 + i * 4));
  const name = Buffer.from('x@example.org');
  const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from([1, name.length]), name, Buffer.alloc(1)]);
  chunk.writeUInt32BE(source, 0);
  const padded = Buffer.concat([chunk, Buffer.alloc((4 - (chunk.length % 4)) % 4)]);
  const description = Buffer.concat([Buffer.from([0x81, 202, 0, padded.length / 4]), padded]);
  const goodbye = Buffer.alloc(8);
  goodbye.set([0x81, 203, 0, 1]);
  goodbye.writeUInt32BE(source, 4);
  return Buffer.concat([report, description, goodbye]);
}

export const stun = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex');
export const dtls = Buffer.from('16feff00000000000000000004deadbeef', 'hex');
export const zrtp = Buffer.concat([Buffer.from('10000001', 'hex'), Buffer.from('ZRTP'), Buffer.alloc(20)]);
