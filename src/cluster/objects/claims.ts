import { Unavailable, type Backplane } from '#backplane';
import type { Clock, Timer } from '#io';
import type { MemberBoot } from '../member-boot.ts';
import type { EngineWitness } from '../members/engine-witness.ts';
import type { ObjectDirectory } from './object-directory.ts';
import { isSameBoot } from './object-record.ts';

const confirmRetryMs = 500;

/**
 * `held`: the object is this member's, and certainly nobody else's: serve it. `suspended`: it may have been placed
 * elsewhere meanwhile, and nothing of it may move until that is known; its sessions wait. `none`: it is not this
 * member's, or no longer: what it still has of it ends.
 */
export type ClaimState = 'held' | 'suspended' | 'none';

export interface ClaimsOptions {
  readonly backplane: Backplane;
  readonly directory: ObjectDirectory;
  readonly self: MemberBoot;
  readonly registry: ClaimedMember;
  readonly witness: EngineWitness;
  readonly clock: Clock;
}

/** What claims need of the member's place in the cluster. */
export interface ClaimedMember {
  lease(): unknown;
  visibleUntilMs(): number | undefined;
  onLease(changed: () => void): () => void;
}

/**
 * The hosting member's side of placed objects: which are its own, at this very moment. While its lease lives nobody can
 * take one away. When it has lost its lease (held up, cut off from the engine), it serves on only if the engine is lost
 * for everybody who could have placed its objects elsewhere; else they wait, until it has a lease again and the engine
 * has said which of them are still its own.
 */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[];
  /** The lease under which the engine last said what is this member's. */
  #confirmed: unknown;
  /** Until when nobody can have seen this member gone, of the lease that it lost last. */
  #lostUntilMs: number | undefined;
  #wasServing = false;
  #confirming: unknown;
  #retry: Timer | undefined;

  constructor(options: ClaimsOptions) {
    const { backplane, directory, registry } = options;
    this.#options = options;
    this.#stops = [
      registry.onLease(() => this.#follow()),
      backplane.onState(() => this.#follow()),
      directory.onChange(() => this.#changed()),
    ];
    this.#follow();
  }

  /** Exact at this moment, also when this process was held up and no timer has run since. */
  state(name: string): ClaimState {
    const { directory, self } = this.#options;
    const object = directory.find(name);
    if (object === undefined || !isSameBoot(object, self)) return 'none';
    return this.isServing() ? 'held' : 'suspended';
  }

  /** Whether what this member holds is served, all of it: frames may ask this. */
  isServing(): boolean {
    const lease = this.#options.registry.lease();
    if (lease !== undefined && lease === this.#confirmed) return true;
    if (this.#confirmed === undefined) return false;
    // With a new lease that the engine has not yet spoken about, the time of the old one is what counts.
    return this.#options.witness.isEngineLostForAll(lease === undefined ? undefined : this.#lostUntilMs);
  }

  /** Names of all that is this member's. */
  names(): string[] {
    const { directory, self } = this.#options;
    return directory
      .list()
      .filter((object) => isSameBoot(object, self))
      .map(({ name }) => name);
  }

  /** Told when a state may be another one. Returns the function that stops it. */
  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#retry?.cancel();
    this.#options.witness.rest();
    this.#listeners.clear();
  }

  #follow(): void {
    const { registry, witness, backplane } = this.#options;
    const lease = registry.lease();
    if (lease === undefined) this.#lostUntilMs = registry.visibleUntilMs();
    if (lease === undefined || backplane.state() === 'lost') witness.watch(() => this.#followServing());
    else witness.rest();
    if (lease !== undefined && lease !== this.#confirmed) void this.#confirm(lease);
    this.#changed();
  }

  /** A list sees every removal that was made while this member had no lease; the directory may not show it yet. */
  async #confirm(lease: unknown): Promise<void> {
    const { backplane, directory, registry, clock } = this.#options;
    if (this.#confirming === lease) return;
    this.#confirming = lease;
    try {
      const { revision, entries } = await backplane.list(directory.prefix);
      await this.#showsRemovals(new Map(entries.map((entry) => [entry.key, entry.modRevision])), revision);
      if (registry.lease() === lease) this.#confirmed = lease;
      this.#changed();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#retry = clock.after(confirmRetryMs, () => this.#follow());
    } finally {
      this.#confirming = undefined;
    }
  }

  /** Resolves when the directory shows of none of this member's objects what the engine has not. */
  async #showsRemovals(stored: ReadonlyMap<string, number>, revision: number): Promise<void> {
    const { directory, self } = this.#options;
    for (const object of directory.list()) {
      if (!isSameBoot(object, self) || stored.get(directory.prefix + object.name) === object.revision) continue;
      if (object.revision <= revision) await directory.leaves(object.name, object.revision);
    }
  }

  #followServing(): void {
    const isServing = this.isServing();
    if (isServing === this.#wasServing) return;
    this.#changed();
  }

  #changed(): void {
    this.#wasServing = this.isServing();
    for (const changed of this.#listeners) changed();
  }
}
