import type { Clock, Random } from '../clock.ts';
import { IoError } from '../errors.ts';
import type { EthernetDevice, EthernetDevices, EthernetSink } from '../ethernet.ts';

const MAC_BYTES = 6;
/** What a record area becomes when its reader has had it. */
const OVERWRITTEN = 0xee;

/** One end of a cable; what one end sends the other receives a moment later. Frames to an end that nobody reads are lost. */
export class MemoryEthernetDevice implements EthernetDevice {
  readonly name: string;
  readonly macAddress: Buffer;
  readonly #clock: Clock;
  #peer: MemoryEthernetDevice | undefined;
  #sink: EthernetSink | undefined;
  #isClosed = false;

  constructor(name: string, clock: Clock, random: Random) {
    this.name = name;
    this.#clock = clock;
    this.macAddress = random.bytes(MAC_BYTES);
    // Locally administered, for one station.
    this.macAddress[0] = (this.macAddress[0]! & 0xfc) | 2;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  plugInto(peer: MemoryEthernetDevice): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  receive(sink: EthernetSink): void {
    this.#sink = sink;
  }

  send(buf: Buffer, from: number, to: number, count: number): number {
    if (this.#isClosed || this.#peer === undefined) return 0;
    const records = Buffer.from(buf.subarray(from, to));
    const peer = this.#peer;
    this.#clock.soon(() => {
      peer.#sink?.frames(records, 0, records.length, count);
      records.fill(OVERWRITTEN);
    });
    return count;
  }

  close(): void {
    this.fail(undefined);
  }

  /** The device is gone: deleted by somebody, or broken. */
  fail(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const sink = this.#sink;
    this.#sink = undefined;
    this.#clock.soon(() => sink?.closed(error));
  }
}

/** A machine whose interfaces are in memory. `far(name)` is what is plugged into the device: the outside world of a test. */
export class MemoryEthernetDevices implements EthernetDevices {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #interfaces: readonly string[];
  readonly #open = new Map<string, { readonly near: MemoryEthernetDevice; readonly far: MemoryEthernetDevice }>();
  /** What `configure` was asked for, last request of each device. */
  readonly configured = new Map<string, Parameters<EthernetDevices['configure']>[1]>();

  constructor(settings: { readonly clock: Clock; readonly random: Random; readonly interfaces?: readonly string[] }) {
    this.#clock = settings.clock;
    this.#random = settings.random;
    this.#interfaces = settings.interfaces ?? [];
  }

  /** The other end of the cable of an open device. */
  far(name: string): MemoryEthernetDevice {
    return this.#cable(name).far;
  }

  /** The device itself, to let it fail. */
  near(name: string): MemoryEthernetDevice {
    return this.#cable(name).near;
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve(this.#interfaces);
  }

  openTap(name: string): Promise<EthernetDevice> {
    if (this.#open.get(name)?.near.isClosed === false || this.#interfaces.includes(name)) {
      return Promise.reject(new IoError('NAME_TAKEN', `cannot make the interface ${name}: the name is taken`));
    }
    return Promise.resolve(this.#plug(name));
  }

  openInterface(name: string): Promise<EthernetDevice> {
    if (!this.#interfaces.includes(name)) {
      return Promise.reject(new IoError('NO_SUCH_DEVICE', `there is no network interface ${name}`));
    }
    return Promise.resolve(this.#plug(name));
  }

  configure(name: string, settings: Parameters<EthernetDevices['configure']>[1]): Promise<void> {
    this.configured.set(name, settings);
    return Promise.resolve();
  }

  #cable(name: string): { readonly near: MemoryEthernetDevice; readonly far: MemoryEthernetDevice } {
    const cable = this.#open.get(name);
    if (cable === undefined) throw new Error(`no open device ${name}`);
    return cable;
  }

  #plug(name: string): EthernetDevice {
    const near = new MemoryEthernetDevice(name, this.#clock, this.#random);
    const far = new MemoryEthernetDevice(`far end of ${name}`, this.#clock, this.#random);
    near.plugInto(far);
    this.#open.set(name, { near, far });
    return near;
  }
}
