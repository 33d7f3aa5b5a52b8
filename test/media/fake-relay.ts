import type {
  MediaRelay,
  RelayFigures,
  RelayListener,
  RelayPlan,
  RelayRefusal,
  RelaySession,
  SideCounters,
  StreamCounters,
} from '../../src/media/relay/relay.ts';

const silence: SideCounters = {
  packets: 0,
  octets: 0,
  controlPackets: 0,
  droppedPackets: 0,
  lostPackets: 0,
  jitterMs: undefined,
  source: undefined,
};

export class FakeSession implements RelaySession {
  readonly kind = 'session';
  readonly listener: RelayListener;
  readonly plans: RelayPlan[];
  readonly #busy: ReadonlySet<number>;
  isClosed = false;
  /** Of each stream that is relayed, from each side. */
  packets = 0;

  constructor(plan: RelayPlan, listener: RelayListener, busy: ReadonlySet<number>) {
    this.plans = [plan];
    this.listener = listener;
    this.#busy = busy;
  }

  get plan(): RelayPlan {
    return this.plans.at(-1)!;
  }

  update(plan: RelayPlan): RelayRefusal | undefined {
    const refusal = refusalOf(plan, this.#busy);
    if (refusal === undefined) this.plans.push(plan);
    return refusal;
  }

  counters(): readonly (StreamCounters | undefined)[] {
    const side = { ...silence, packets: this.packets };
    const wasRelayed = (index: number): boolean => this.plans.some(({ streams }) => streams[index] !== undefined);
    return Array.from({ length: Math.max(...this.plans.map(({ streams }) => streams.length)) }, (_, index) =>
      wasRelayed(index) ? { a: side, b: side, isInKernel: false } : undefined,
    );
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Forwards nothing, and remembers what it was told. */
export class FakeRelay implements MediaRelay {
  readonly means = 'not at all';
  readonly sessions: FakeSession[] = [];
  /** Ports of other programs. */
  readonly busy = new Set<number>();

  open(plan: RelayPlan, listener: RelayListener): RelaySession | RelayRefusal {
    const refusal = refusalOf(plan, this.busy);
    if (refusal !== undefined) return refusal;
    const session = new FakeSession(plan, listener, this.busy);
    this.sessions.push(session);
    return session;
  }

  figures(): RelayFigures {
    const open = this.sessions.filter(({ isClosed }) => !isClosed);
    const streams = open.reduce((sum, { plan }) => sum + plan.streams.filter((one) => one !== undefined).length, 0);
    return { sessions: open.length, streams, kernelStreams: 0, packets: 0, octets: 0, droppedPackets: 0 };
  }
}

function refusalOf(plan: RelayPlan, busy: ReadonlySet<number>): RelayRefusal | undefined {
  for (const stream of plan.streams) {
    for (const local of stream === undefined ? [] : [stream.a.local, stream.b.local]) {
      if (busy.has(local.port)) return { kind: 'refused', port: local, reason: `port ${local.port} is in use` };
    }
  }
  return undefined;
}
