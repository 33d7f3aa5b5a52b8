/** RFC 3550 §A.1: a jump forward of more, or back of more, is a source that began anew. */
const DROPOUT_MAX = 3000;
const MISORDER_MAX = 100;
const NOTHING = -1;

/**
 * What RTP of one party's stream has come, got lost and trembled (RFC 3550 §6.4.1, §A.1, §A.3, §A.8). The party may change
 * its source (SSRC) as it likes: what was lost before is kept. No memory is taken for a packet.
 */
export class Reception {
  /** Of the packet that came last; -1: none has come. */
  source = NOTHING;
  #base = 0;
  #highest = 0;
  #cycles = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  /** RFC 3550 §A.1: the next one of a jump, if it comes twice in a row. */
  #suspected = NOTHING;
  #transit = NaN;
  #jitterMs = NaN;

  /** @param clockRate ticks a second; 0: not known, jitter is not counted. */
  receive(source: number, sequence: number, timestamp: number, arrivalMs: number, clockRate: number): void {
    if (source !== this.source) this.#begin(source, sequence);
    else if (!this.#advance(sequence)) return;
    this.#received++;
    if (clockRate > 0) this.#tremble(timestamp, arrivalMs, clockRate);
  }

  /** Expected and not come; below zero where some came twice. */
  get lostPackets(): number {
    return this.#expectedBefore + this.#expected - this.#receivedBefore - this.#received;
  }

  /** undefined: not known. */
  get jitterMs(): number | undefined {
    return Number.isNaN(this.#jitterMs) ? undefined : this.#jitterMs;
  }

  /** What comes next may be any number of packets later, or another source: nothing between counts as lost. */
  interrupt(): void {
    this.#close();
    this.source = NOTHING;
  }

  get #expected(): number {
    return this.source === NOTHING ? 0 : this.#cycles + this.#highest - this.#base + 1;
  }

  #close(): void {
    this.#expectedBefore += this.#expected;
    this.#receivedBefore += this.#received;
    this.#received = 0;
  }

  #begin(source: number, sequence: number): void {
    this.#close();
    this.source = source;
    this.#base = sequence;
    this.#highest = sequence;
    this.#cycles = 0;
    this.#suspected = NOTHING;
    this.#transit = NaN;
  }

  /** False: not to be counted, it may be a stray. */
  #advance(sequence: number): boolean {
    const ahead = (sequence - this.#highest) & 0xffff;
    if (ahead < DROPOUT_MAX) {
      if (sequence < this.#highest) this.#cycles += 0x1_0000;
      this.#highest = sequence;
    } else if (ahead <= 0x1_0000 - MISORDER_MAX) {
      if (sequence !== this.#suspected) {
        this.#suspected = (sequence + 1) & 0xffff;
        return false;
      }
      this.#begin(this.source, sequence);
    }
    return true;
  }

  #tremble(timestamp: number, arrivalMs: number, clockRate: number): void {
    // Timestamps wrap: the difference of two transits is taken as one of 32 bits.
    const transit = arrivalMs * (clockRate / 1000) - timestamp;
    if (Number.isNaN(this.#transit)) {
      this.#transit = transit;
      if (Number.isNaN(this.#jitterMs)) this.#jitterMs = 0;
      return;
    }
    let difference = transit - this.#transit;
    this.#transit = transit;
    if (difference > 0x8000_0000) difference -= 0x1_0000_0000;
    else if (difference < -0x8000_0000) difference += 0x1_0000_0000;
    this.#jitterMs += ((Math.abs(difference) / clockRate) * 1000 - this.#jitterMs) / 16;
  }
}
