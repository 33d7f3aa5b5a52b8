import { LoadPort } from './ports.ts';
import { blockOf, datagram, type Station } from './stations.ts';

/** Where a payload begins: behind the UDP header. A question and its answer carry a number there. */
const numberOffset = 42;
const questionBytes = 64;

/** Asks another station: a frame with a number, which comes back when it was received. */
export class AskingPort extends LoadPort {
  readonly #self: Station;
  readonly #answered: (number: number) => void;

  constructor(self: Station, answered: (number: number) => void) {
    super();
    this.#self = self;
    this.#answered = answered;
  }

  ask(whom: Station, number: number): void {
    const frame = datagram(this.#self, whom, questionBytes);
    frame.writeDoubleBE(number, numberOffset);
    this.send(blockOf([frame]));
  }

  override receive(buf: Buffer, from: number, to: number, frames: number): void {
    super.receive(buf, from, to, frames);
    for (const frame of framesOf(buf, from, to)) {
      if (isFor(this.#self, frame)) this.#answered(frame.readDoubleBE(numberOffset));
    }
  }
}

/** Sends back what it is asked. */
export class AnsweringPort extends LoadPort {
  readonly #self: Station;

  constructor(self: Station) {
    super();
    this.#self = self;
  }

  override receive(buf: Buffer, from: number, to: number, frames: number): void {
    super.receive(buf, from, to, frames);
    for (const frame of framesOf(buf, from, to)) {
      if (!isFor(this.#self, frame)) continue;
      const answer = Buffer.from(frame);
      frame.copy(answer, 0, 6, 12);
      this.#self.mac.copy(answer, 6);
      this.send(blockOf([answer]));
    }
  }
}

function isFor(self: Station, frame: Buffer): boolean {
  return frame.length === questionBytes && frame.subarray(0, 6).equals(self.mac);
}

function* framesOf(buf: Buffer, from: number, to: number): Generator<Buffer> {
  for (let at = from; at < to;) {
    const size = buf.readUInt32BE(at);
    yield buf.subarray(at + 4, at + 4 + size);
    at += 4 + size;
  }
}
