import type { Logger } from '#base';
import type { Clock, MediaSockets, Timer } from '#io';
import type { KernelRelay } from './kernel-relay.ts';
import type { MediaRelay, RelayFigures, RelayListener, RelayPlan, RelayRefusal, RelaySession } from './relay.ts';
import { Session } from './session.ts';

/** How often calls are looked at: who is silent, and whom the kernel may take over. */
const LOOK_MS = 250;
const SESSIONS_MAX = 20_000;

export interface MediaRelayOptions {
  readonly sockets: MediaSockets;
  /** Undefined: all is forwarded in user space. */
  readonly kernel: KernelRelay | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** IP_TOS or IPV6_TCLASS of what leaves user space; 0–255. Undefined: as the system does. */
  readonly typeOfService: number | undefined;
}

/** Forwards the media of this member's calls. */
export class UdpMediaRelay implements MediaRelay {
  readonly #options: MediaRelayOptions;
  readonly #sessions = new Set<Session>();
  readonly #timer: Timer;
  readonly #ended = { packets: 0, octets: 0, droppedPackets: 0 };

  constructor(options: MediaRelayOptions) {
    this.#options = options;
    this.#timer = options.clock.every(LOOK_MS, () => this.#look());
  }

  get means(): string {
    const { kernel, sockets } = this.#options;
    const userSpace = `user space (${sockets.means})`;
    if (kernel === undefined) return userSpace;
    return kernel.problem === undefined ? `kernel (nftables), else ${userSpace}` : `${userSpace}: ${kernel.problem}`;
  }

  open(plan: RelayPlan, listener: RelayListener): RelaySession | RelayRefusal {
    if (this.#sessions.size >= SESSIONS_MAX) {
      return { kind: 'refused', port: undefined, reason: `${SESSIONS_MAX} calls are relayed already` };
    }
    const { sockets, typeOfService, clock } = this.#options;
    const closed = (one: Session): void => this.#closed(one);
    const session = new Session({ sockets, typeOfService, nowMs: () => clock.nowMs(), closed }, listener);
    const refusal = session.update(plan);
    if (refusal !== undefined) return refusal;
    this.#sessions.add(session);
    return session;
  }

  figures(): RelayFigures {
    const sum = { sessions: this.#sessions.size, streams: 0, kernelStreams: 0, ...this.#ended };
    for (const session of this.#sessions) {
      const { all, inKernel } = session.streamCount;
      sum.streams += all;
      sum.kernelStreams += inKernel;
      addTo(sum, session.totals());
    }
    return sum;
  }

  /** Ends all sessions. */
  stop(): void {
    this.#timer.cancel();
    for (const session of this.#sessions) session.close();
    this.#options.kernel?.stop();
  }

  #look(): void {
    const nowMs = this.#options.clock.nowMs();
    const { kernel } = this.#options;
    for (const session of this.#sessions) session.look(kernel, nowMs);
  }

  #closed(session: Session): void {
    if (this.#sessions.delete(session)) addTo(this.#ended, session.totals());
  }
}

interface Sum {
  packets: number;
  octets: number;
  droppedPackets: number;
}

function addTo(sum: Sum, more: Readonly<Sum>): void {
  sum.packets += more.packets;
  sum.octets += more.octets;
  sum.droppedPackets += more.droppedPackets;
}
