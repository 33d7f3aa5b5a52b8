const minFrameBytes = 14;
/** As for frames from the network (SoftEther protocol §5.2). */
const maxFrameBytes = 1600;

/** Receives runs as `HubPort.receive` does. */
export interface RunSink {
  receive(buf: Buffer, from: number, to: number, frames: number): void;
}

/**
 * Hands `count` records `[u32 size][frame]` of buf[from, to) on in runs of equal addresses. Frames that are too short or
 * too long are left out; their number is returned. Stops where the sizes do not agree with `to`.
 */
export function splitRuns(buf: Buffer, from: number, to: number, count: number, sink: RunSink): number {
  let start = from;
  let frames = 0;
  let refused = 0;
  let at = from;
  for (let left = count; left > 0 && to - at >= 4; left--) {
    const size = buf.readUInt32BE(at);
    const next = at + 4 + size;
    if (next > to) break;
    const isFrame = size >= minFrameBytes && size <= maxFrameBytes;
    if (!isFrame || (frames > 0 && !haveEqualAddresses(buf, start + 4, at + 4))) {
      if (frames > 0) sink.receive(buf, start, at, frames);
      start = isFrame ? at : next;
      frames = 0;
    }
    if (isFrame) frames++;
    else refused++;
    at = next;
  }
  if (frames > 0) sink.receive(buf, start, at, frames);
  return refused;
}

function haveEqualAddresses(buf: Buffer, a: number, b: number): boolean {
  for (let i = 11; i >= 0; i--) if (buf[a + i] !== buf[b + i]) return false;
  return true;
}
