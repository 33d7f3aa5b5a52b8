import { HubfarmError } from '#base';
import type { MemberId, ThreadLines } from '#cluster';
import type { ThreadPort, Threads } from '#io';

type AcceptLine = (from: MemberId, port: ThreadPort) => void;

/** In the first thread: makes the lines between all threads of this process. */
export class Switchboard {
  readonly #threads: Threads;
  readonly #members = new Map<MemberId, AcceptLine>();

  constructor(threads: Threads) {
    this.#threads = threads;
  }

  /** Lines to `member` go to `accept`, until the returned function is called. */
  plugIn(member: MemberId, accept: AcceptLine): () => void {
    this.#members.set(member, accept);
    return () => {
      if (this.#members.get(member) === accept) this.#members.delete(member);
    };
  }

  /** The caller's end of a new line. */
  connect(from: MemberId, to: MemberId): ThreadPort {
    const accept = this.#members.get(to);
    if (accept === undefined) throw new HubfarmError('NO_THREAD', `${to} is not running in this process`);
    const [mine, theirs] = this.#threads.channel();
    accept(from, theirs);
    return mine;
  }

  /** For the member in the first thread itself. */
  linesOf(member: MemberId): ThreadLines {
    return {
      connect: async (to) => Promise.resolve(this.connect(member, to)),
      onLine: (accept) => void this.plugIn(member, accept),
    };
  }
}
