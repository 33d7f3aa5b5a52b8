const slots = 256;
const windowMs = 500;
/** Discard value from which on frames are dropped at random, and from which on all are. */
const dropFrom = 3;
const dropAllFrom = 128;
const maxDiscard = 1024;

/**
 * The broadcast storm limiter of SoftEther (protocol §10.4): flooded frames are counted per source MAC, source IP and
 * destination IP in windows of 500 ms; one that keeps coming too often is thinned out, more and more.
 * One table per hub, made when the first frame is flooded. Two senders that fall into one slot take it from each other,
 * which forgives them.
 */
export class StormLimiter {
  readonly #framesPerMs: number;
  readonly #owner = new Int32Array(slots);
  readonly #key = new Int32Array(slots);
  readonly #startMs = new Float64Array(slots).fill(-Infinity);
  readonly #frames = new Int32Array(slots);
  readonly #discard = new Int32Array(slots);
  #dice: number;

  constructor(thresholdPerSecond: number, seed: number) {
    this.#framesPerMs = thresholdPerSecond / 1000;
    this.#dice = seed | 1;
  }

  /** Whether one more frame of `port` may be flooded. buf[at, at + size) is the frame. */
  admits(port: number, buf: Buffer, at: number, size: number, nowMs: number): boolean {
    const key = flowKey(buf, at, size);
    const slot = Math.imul(key ^ Math.imul(port, 0x9e37_79b1), 0x85eb_ca6b) >>> 24;
    if (this.#owner[slot] !== port || this.#key[slot] !== key) this.#claim(slot, port, key);
    this.#frames[slot]!++;
    const isOver = nowMs - this.#startMs[slot]! > windowMs && this.#endWindow(slot, nowMs);
    const discard = this.#discard[slot]!;
    if (discard < dropFrom) return !isOver;
    return !isOver && discard < dropAllFrom && this.#roll() % discard === 0;
  }

  /** Judges the window that ended and starts the next one. True = too many frames came in it. */
  #endWindow(slot: number, nowMs: number): boolean {
    const elapsedMs = nowMs - this.#startMs[slot]!;
    // A window that silence made longer counts as long as it was, unlike in the original: no frame is lost after it.
    const isOver = this.#frames[slot]! >= this.#framesPerMs * elapsedMs;
    const discard = this.#discard[slot]!;
    this.#startMs[slot] = nowMs;
    this.#frames[slot] = 0;
    this.#discard[slot] = isOver
      ? Math.min(Math.max(discard, 1) * 2, maxDiscard)
      : Math.trunc(discard / Math.max(2, elapsedMs / windowMs));
    return isOver;
  }

  #claim(slot: number, port: number, key: number): void {
    this.#owner[slot] = port;
    this.#key[slot] = key;
    this.#startMs[slot] = -Infinity;
    this.#frames[slot] = 0;
    this.#discard[slot] = 0;
  }

  #roll(): number {
    let x = this.#dice;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#dice = x;
    return x >>> 0;
  }
}

/** Source MAC, source IP and, but for ARP, destination IP, as one number. */
function flowKey(buf: Buffer, at: number, size: number): number {
  const type = (buf[at + 12]! << 8) | buf[at + 13]!;
  let from = at + 6;
  let to = at + 12;
  let key = hash(0, buf, from, to);
  if (type === 0x0800 && size >= 34) [from, to] = [at + 26, at + 34];
  else if (type === 0x0806 && size >= 32) [from, to] = [at + 28, at + 32];
  else if (type === 0x86dd && size >= 54) [from, to] = [at + 22, at + 54];
  else return key;
  key = hash(key, buf, from, to);
  return key;
}

function hash(start: number, buf: Buffer, from: number, to: number): number {
  let h = start;
  for (let i = from; i < to; i++) h = Math.imul(h ^ buf[i]!, 0x0100_0193) ^ (h >>> 15);
  return h;
}
