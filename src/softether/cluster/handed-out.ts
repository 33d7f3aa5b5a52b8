import type { PlacedObject } from '#cluster';

interface Count {
  readonly revision: number;
  /** Tickets that members were asked to take, and have not answered yet. */
  underWay: number;
  taken: number;
  isSealed: boolean;
}

const maxObjects = 10_000;

/**
 * Which placements of dynamic hubs somebody has been sent to. One to which nobody was may be undone by the controller
 * alone: then it is sealed first, so that nobody is sent there any more.
 */
export class HandedOut {
  readonly #counts = new Map<string, Count>();

  /** A ticket is about to be offered. False: the placement is sealed. */
  begin({ name, revision }: PlacedObject): boolean {
    let count = this.#counts.get(name);
    if (count?.revision !== revision) {
      count = { revision, underWay: 0, taken: 0, isSealed: false };
      this.#counts.delete(name);
      this.#counts.set(name, count);
      this.#bound();
    }
    if (count.isSealed) return false;
    count.underWay++;
    return true;
  }

  /** The offer is over. False: the placement was sealed meanwhile, nobody may be sent there. */
  end({ name, revision }: PlacedObject, isTaken: boolean): boolean {
    const count = this.#counts.get(name);
    if (count?.revision !== revision) return false;
    count.underWay--;
    if (count.isSealed) return false;
    if (isTaken) count.taken++;
    return true;
  }

  /** True: nobody was sent there, and nobody will be. */
  seal({ name, revision }: PlacedObject): boolean {
    const count = this.#counts.get(name);
    if (count?.revision !== revision || count.taken > 0) return false;
    count.isSealed = true;
    return true;
  }

  /** What is forgotten counts as handed out: `seal` refuses it. */
  #bound(): void {
    if (this.#counts.size <= maxObjects) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }
}
