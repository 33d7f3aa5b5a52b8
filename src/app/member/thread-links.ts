import { parseMemberId, PortCarrier, type BusPeer, type Carrier, type LinkMaker, type MemberId } from '#cluster';
import type { ThreadPort } from '#io';

/** Gets lines to the other threads of this process. */
export interface ThreadLines {
  /** Rejects when there is no such thread. */
  connect(to: MemberId): Promise<ThreadPort>;
  /** Told of each line that another thread has opened to this one. */
  onLine(accept: (from: MemberId, port: ThreadPort) => void): void;
}

/** Links of the bus between the members of one server, each in a thread of its own. */
export class ThreadLinks implements LinkMaker {
  readonly #server: string;
  readonly #lines: ThreadLines;
  #isStopped = false;

  constructor(server: string, lines: ThreadLines) {
    this.#server = server;
    this.#lines = lines;
  }

  start(accept: (carrier: Carrier) => void): Promise<void> {
    this.#lines.onLine((from, port) => {
      if (this.#isStopped) port.close();
      else accept(new PortCarrier(from, port));
    });
    return Promise.resolve();
  }

  reaches({ member }: BusPeer): boolean {
    return parseMemberId(member)?.server === this.#server;
  }

  readonly dial = async ({ member }: BusPeer): Promise<Carrier> =>
    new PortCarrier(member, await this.#lines.connect(member));

  stop(): Promise<void> {
    this.#isStopped = true;
    return Promise.resolve();
  }
}
