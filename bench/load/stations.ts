import { encodeUdp4Frame } from '#hub';

/** A sender or receiver on the hub: MAC 02:4c:4f:41:…, IPv4 10.91.…, so that a hub has addresses to learn. */
export interface Station {
  readonly mac: Buffer;
  readonly address: Buffer;
}

export const everybody: Station = { mac: Buffer.alloc(6, 0xff), address: Buffer.alloc(4, 0xff) };
const headers = 42;
const minFrameBytes = headers;
const maxFrameBytes = 1514;

export function station(index: number): Station {
  return {
    mac: Buffer.from([0x02, 0x4c, 0x4f, 0x41, index >> 8, index & 0xff]),
    address: Buffer.from([10, 91, index >> 8, index & 0xff]),
  };
}

/** A UDP datagram from one station to another; the whole frame has `size` bytes. */
export function datagram(from: Station, to: Station, size: number): Buffer {
  if (size < minFrameBytes || size > maxFrameBytes) {
    throw new Error(`--size takes ${minFrameBytes} to ${maxFrameBytes} bytes, not ${size}`);
  }
  return encodeUdp4Frame({
    sourceMac: from.mac,
    destinationMac: to.mac,
    sourceAddress: from.address,
    destinationAddress: to.address,
    sourcePort: 9,
    destinationPort: 9,
    payload: Buffer.alloc(size - headers, 0x55),
  });
}

/** `[u32 N]` and N records, as they go on the wire. */
export function blockOf(frames: readonly Buffer[]): Buffer {
  const block = Buffer.allocUnsafe(4 + frames.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = block.writeUInt32BE(frames.length, 0);
  for (const frame of frames) {
    at = block.writeUInt32BE(frame.length, at);
    at += frame.copy(block, at);
  }
  return block;
}
