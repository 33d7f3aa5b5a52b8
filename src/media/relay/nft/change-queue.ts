import type { NftConversation } from './conversation.ts';
import { readFence } from './map-listing.ts';
import type { NftPath } from './path.ts';
import { addChannel, listFence, removeChannel, setFence } from './ruleset.ts';

/** What the fence holds when the table has been made; each transaction after it has a number of its own. */
export const FIRST_FENCE = 1;
/** Channels whose changes share a transaction. */
const BATCH_MAX = 64;

interface Change {
  readonly what: 'add' | 'remove';
  readonly path: NftPath;
}

/** Changes of the table on their way to the kernel, in order. What has gathered while one is carried out goes together. */
export class ChangeQueue {
  readonly #table: string;
  readonly #conversation: NftConversation;
  readonly #done: (change: Change, error: string | undefined) => void;
  #waiting: Change[] = [];
  #isBusy = false;
  #fence = FIRST_FENCE;

  /** `done`: the kernel has it, or says why not. */
  constructor(table: string, conversation: NftConversation, done: (change: Change, error: string | undefined) => void) {
    this.#table = table;
    this.#conversation = conversation;
    this.#done = done;
  }

  add(path: NftPath): void {
    this.#waiting.push({ what: 'add', path });
  }

  /** One that still waits to be added just goes. */
  remove(path: NftPath): void {
    const at = this.#waiting.findIndex((one) => one.path === path && one.what === 'add');
    if (at < 0) this.#waiting.push({ what: 'remove', path });
    else this.#done({ what: 'remove', path: this.#waiting.splice(at, 1)[0]!.path }, undefined);
  }

  flush(): void {
    if (this.#isBusy || this.#waiting.length === 0) return;
    this.#isBusy = true;
    this.#carryOut(this.#waiting.splice(0, BATCH_MAX), () => {
      this.#isBusy = false;
      this.flush();
    });
  }

  /** All of them, or where that fails each for itself: a line is one transaction. */
  #carryOut(changes: readonly Change[], then: () => void): void {
    const fence = (this.#fence = (this.#fence % 0x7fff_ffff) + 1);
    const orders = changes.map(({ what, path }) =>
      (what === 'add' ? addChannel : removeChannel)(this.#table, path.channel, path.zone),
    );
    const text = `${[...orders, setFence(this.#table, fence)].join('; ')}\n${listFence(this.#table)}`;
    this.#conversation.ask(text, (lines) => {
      const isDone = readFence(lines) === fence;
      const [first, ...rest] = changes;
      if (isDone || rest.length === 0 || first === undefined) {
        const error = isDone ? undefined : this.#conversation.takeError() || 'nft did not say why';
        for (const change of changes) this.#done(change, error);
        then();
      } else this.#oneByOne(changes, then);
    });
  }

  #oneByOne([first, ...rest]: readonly Change[], then: () => void): void {
    if (first === undefined) then();
    else this.#carryOut([first], () => this.#oneByOne(rest, then));
  }
}
