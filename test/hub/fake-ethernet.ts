import type { EthernetDevice, EthernetDevices, EthernetSink } from '#io';
import { sizeOf } from './hub-fixture.ts';

/** A device of the test: keeps what the hub sends, and receives what the test says. */
class FakeDevice implements EthernetDevice {
  readonly name: string;
  readonly macAddress = Buffer.alloc(6, 2);
  readonly sent: string[] = [];
  isClosed = false;
  /** How many frames it takes before its queue is full. */
  room = Infinity;
  #sink: EthernetSink | undefined;

  constructor(name: string) {
    this.name = name;
  }

  receive(sink: EthernetSink): void {
    this.#sink = sink;
  }

  send(buf: Buffer, from: number, to: number, count: number): number {
    let taken = 0;
    for (let at = from; at < to && this.room > 0; taken++, this.room--) {
      const end = at + 4 + buf.readUInt32BE(at);
      this.sent.push(buf.toString('hex', at + 4, end));
      at = end;
    }
    if (taken > count) throw new Error(`${count} records announced, ${taken} found`);
    return taken;
  }

  close(): void {
    this.isClosed = true;
  }

  deliver(...frames: readonly Buffer[]): void {
    const records = Buffer.concat(frames.flatMap((frame) => [sizeOf(frame), frame]));
    this.#sink?.frames(records, 0, records.length, frames.length);
    records.fill(0xa5);
  }

  fail(error?: Error): void {
    this.#sink?.closed(error);
  }
}

export class FakeDevices implements EthernetDevices {
  /** Names that can be opened. */
  readonly present = new Set<string>();
  readonly opened: FakeDevice[] = [];
  attempts = 0;
  /** While set, opening takes until it is called. */
  hold: (() => void) | undefined;
  #gate: Promise<void> = Promise.resolve();

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.present]);
  }

  openTap(name: string): Promise<EthernetDevice> {
    return this.#open(name);
  }

  openInterface(name: string): Promise<EthernetDevice> {
    return this.#open(name);
  }

  configure(): Promise<void> {
    return Promise.resolve();
  }

  delay(): void {
    this.#gate = new Promise((resolve) => (this.hold = resolve));
  }

  get last(): FakeDevice {
    return this.opened.at(-1)!;
  }

  async #open(name: string): Promise<EthernetDevice> {
    this.attempts++;
    await this.#gate;
    if (!this.present.has(name)) throw new Error(`there is no device ${name}`);
    const device = new FakeDevice(name);
    this.opened.push(device);
    return device;
  }
}
