/** A learning switch as one would explain it: the measure for the fast one. */
export interface ReferencePort {
  readonly name: string;
  readonly isMonitor: boolean;
  /** Infinity = none */
  readonly maxMacs: number;
  readonly checksMac: boolean;
  readonly delivered: string[];
  sentUnicast: number;
  sentBroadcast: number;
  refused: number;
}

interface Entry {
  port: ReferencePort;
  updatedTick: number;
}

export class ReferenceSwitch {
  readonly ports: ReferencePort[] = [];
  readonly macs = new Map<string, Entry>();
  readonly #maxMacs: number;

  constructor(maxMacs: number) {
    this.#maxMacs = maxMacs;
  }

  attach(name: string, isMonitor: boolean, maxMacs: number, checksMac: boolean): ReferencePort {
    const port: ReferencePort = {
      name,
      isMonitor,
      maxMacs,
      checksMac,
      delivered: [],
      sentUnicast: 0,
      sentBroadcast: 0,
      refused: 0,
    };
    this.ports.push(port);
    return port;
  }

  detach(port: ReferencePort): void {
    this.ports.splice(this.ports.indexOf(port), 1);
    for (const [mac, entry] of this.macs) if (entry.port === port) this.macs.delete(mac);
  }

  expire(tick: number): void {
    for (const [mac, entry] of this.macs) if (entry.updatedTick < tick - 600) this.macs.delete(mac);
  }

  receive(from: ReferencePort, frame: Buffer, tick: number): void {
    const isGroup = (frame[0]! & 1) === 1;
    if (isGroup) from.sentBroadcast++;
    else from.sentUnicast++;
    if (from.isMonitor || !this.#learn(from, frame.toString('hex', 6, 12), tick)) {
      from.refused++;
      return;
    }
    const bytes = frame.toString('hex');
    const known = isGroup ? undefined : this.macs.get(frame.toString('hex', 0, 6));
    if (known?.port === from) return;
    for (const port of this.ports) {
      if (port === from) continue;
      if (port.isMonitor || known === undefined || known.port === port) port.delivered.push(bytes);
    }
  }

  #learn(from: ReferencePort, mac: string, tick: number): boolean {
    if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) return true;
    const entry = this.macs.get(mac);
    if (entry?.port === from) {
      entry.updatedTick = tick;
      return true;
    }
    const own = [...this.macs.values()].filter(({ port }) => port === from).length;
    if (entry === undefined && (own >= from.maxMacs || this.macs.size >= this.#maxMacs)) this.expire(tick);
    if (entry !== undefined && from.checksMac && entry.updatedTick + 13 >= tick) return false;
    if ([...this.macs.values()].filter(({ port }) => port === from).length >= from.maxMacs) return false;
    if (entry === undefined && this.macs.size >= this.#maxMacs) return false;
    this.macs.set(mac, { port: from, updatedTick: tick });
    return true;
  }
}
