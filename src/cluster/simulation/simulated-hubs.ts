import type { SimulatedMembers } from './simulated-members.ts';

/** No dynamic hub: the session is of a static one, which is everywhere. */
export const noHub = -1;

/** Where each dynamic hub lives, and how many sessions hold it there. */
export class SimulatedHubs {
  readonly #members: SimulatedMembers;
  readonly #member: Int32Array;
  readonly #boot: Int32Array;
  readonly #sessions: Int32Array;
  /** Times that a hub was opened somewhere. */
  instances = 0;

  constructor(count: number, members: SimulatedMembers) {
    this.#members = members;
    this.#member = new Int32Array(count).fill(-1);
    this.#boot = new Int32Array(count);
    this.#sessions = new Int32Array(count);
  }

  /** Where the controller places a session of this hub; undefined = no member takes it. */
  memberFor(hub: number, nowMs: number): number | undefined {
    const members = this.#members;
    if (hub === noHub) return members.choose(nowMs);
    const at = this.#member[hub]!;
    const isThere = at >= 0 && this.#sessions[hub]! > 0 && this.#boot[hub] === members.boot(at);
    if (isThere) {
      if (members.placeOn(at, nowMs)) return at;
      if (members.isUp(at)) return undefined;
    }
    const chosen = members.choose(nowMs);
    if (chosen === undefined) return undefined;
    this.instances++;
    this.#member[hub] = chosen;
    this.#boot[hub] = members.boot(chosen);
    this.#sessions[hub] = 0;
    return chosen;
  }

  /** A session more holds the hub where it was placed. */
  enter(hub: number): void {
    if (hub !== noHub) this.#sessions[hub]!++;
  }

  /** One session less holds the hub on member `at`, unless it has been placed elsewhere since. */
  leave(hub: number, at: number): void {
    if (hub !== noHub && this.#member[hub] === at) this.#sessions[hub]!--;
  }
}
