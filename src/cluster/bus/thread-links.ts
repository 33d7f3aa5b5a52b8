import type { ThreadPort } from '#io';
import { parseMemberId, type MemberId } from '../member-id.ts';
import type { Carrier, CarrierTaker, LinkMaker } from './carrier.ts';
import type { BusMember } from './member-source.ts';
import { PortCarrier } from './port-carrier.ts';

/** Gets lines to the other threads of this process. */
export interface ThreadLines {
  /** Rejects when there is no such thread. */
  connect(to: MemberId): Promise<ThreadPort>;
  /** Told of each line that another thread has opened to this one; who opened it is certain. */
  onLine(accept: (from: MemberId, port: ThreadPort) => void): void;
}

/** Links between the members of one server, each in a thread of its own. */
export class ThreadLinks implements LinkMaker {
  readonly #server: string;
  readonly #lines: ThreadLines;
  #isStopped = false;

  constructor(server: string, lines: ThreadLines) {
    this.#server = server;
    this.#lines = lines;
  }

  start(accept: CarrierTaker): Promise<void> {
    this.#lines.onLine((from, port) => {
      if (this.#isStopped) port.close();
      else accept(new PortCarrier(from, port));
    });
    return Promise.resolve();
  }

  reaches({ member }: BusMember): boolean {
    return parseMemberId(member)?.server === this.#server;
  }

  async dial({ member }: BusMember): Promise<Carrier> {
    return new PortCarrier(member, await this.#lines.connect(member));
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return Promise.resolve();
  }
}
