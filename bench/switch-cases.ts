/**
 * Frame mixes for the switch bench. A case is a byte stream in the form of the wire, cut into chunks as a socket would
 * deliver them, sent by port 0; the MAC address of port n is known to be behind port n, unless frames are flooded.
 */
export interface SwitchCase {
  readonly name: string;
  readonly ports: number;
  readonly frames: number;
  readonly chunks: readonly Buffer[];
  /** Ports 1… have sent a frame before, so that their addresses are known. */
  readonly isLearned: boolean;
  /** The sender may use few addresses: each frame's source address is checked. */
  readonly isLimited: boolean;
}

/** Frames per block header, as stock clients send them under load. */
const framesPerBlock = 64;

interface Mix {
  readonly name: string;
  readonly size: number;
  readonly ports?: number;
  readonly chunkBytes?: number;
  readonly isLearned?: boolean;
  readonly isLimited?: boolean;
  readonly destination?: (i: number) => number;
  readonly source?: (i: number) => number;
}

export function switchCases(): SwitchCase[] {
  const cases: SwitchCase[] = [];
  for (const size of [64, 1500]) {
    cases.push(
      build({ name: `one flow, 16 KiB chunks, ${size} B`, size }),
      build({ name: `one flow, 16 KiB chunks, ${size} B, one-machine client`, size, isLimited: true }),
      build({ name: `one flow, 64 KiB chunks, ${size} B`, size, chunkBytes: 65_536 }),
      build({ name: `one flow, 1500 B chunks, ${size} B`, size, chunkBytes: 1500 }),
      build({ name: `2 destinations alternating, ${size} B`, size, ports: 3, destination: (i) => 1 + (i & 1) }),
      build({
        name: `random to 16 ports, 64 sources, ${size} B`,
        size,
        ports: 17,
        destination: (i) => 1 + (scramble(i) % 16),
        source: (i) => 1000 + (scramble(i + 7_777) % 64),
      }),
      build({
        name: `random to 256 ports, ${size} B`,
        size,
        ports: 257,
        destination: (i) => 1 + (scramble(i) % 256),
      }),
      build({ name: `flood to 8 ports, ${size} B`, size, ports: 9, isLearned: false, destination: () => 0xff_ffff }),
    );
  }
  return cases;
}

/** `size` counts the whole Ethernet frame, as the figures do. */
function build(mix: Mix): SwitchCase {
  const { name, size, ports = 2, chunkBytes = 16_384, isLearned = true, isLimited = false } = mix;
  const { destination = () => 1, source = () => 0 } = mix;
  const frames = Math.ceil((4 * 1024 * 1024) / size / framesPerBlock) * framesPerBlock;
  const stream = Buffer.alloc((frames / framesPerBlock) * 4 + frames * (4 + size));
  let at = 0;
  for (let i = 0; i < frames; i++) {
    if (i % framesPerBlock === 0) at = stream.writeUInt32BE(framesPerBlock, at);
    at = stream.writeUInt32BE(size, at);
    writeFrame(stream, at, size, destination(i), source(i));
    at += size;
  }
  const chunks: Buffer[] = [];
  for (let from = 0; from < stream.length; from += chunkBytes) chunks.push(stream.subarray(from, from + chunkBytes));
  return { name, ports, frames, chunks, isLearned, isLimited };
}

/** An IPv4 TCP frame; port number n has the MAC address 02:00:00:nn:nn:nn and 0xffffff means broadcast. */
export function writeFrame(buf: Buffer, at: number, size: number, destination: number, source: number): void {
  buf.writeUIntBE(destination === 0xff_ffff ? 0xffff_ffff_ffff : 0x0200_0000_0000 + destination, at, 6);
  buf.writeUIntBE(0x0200_0000_0000 + source, at + 6, 6);
  buf.writeUInt16BE(0x0800, at + 12);
  if (size < 34) return;
  buf[at + 14] = 0x45;
  buf[at + 23] = 6;
  buf.writeUInt32BE(0x0a00_0000 + (source & 0xffff), at + 26);
  buf.writeUInt32BE(0x0a00_0000 + (destination & 0xffff), at + 30);
}

function scramble(i: number): number {
  let x = Math.imul(i + 1, 0x9e37_79b1);
  x = Math.imul(x ^ (x >>> 15), 0x85eb_ca6b);
  return (x ^ (x >>> 13)) >>> 0;
}
