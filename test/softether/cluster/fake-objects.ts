import type { Claims, ClusterPlacement, MemberBoot, PlacedObject, SessionPlacement } from '#cluster';
import type { Clock } from '#io';

const STORE_MS = 3;
const WATCH_MS = 2;

/** Where dynamic hubs live, in memory, as the store keeps it: a write takes its time, and copies show it a little later. */
export class FakeObjects {
  readonly #clock: Clock;
  readonly #objects = new Map<string, PlacedObject>();
  readonly #copies = new Set<FakeObjectCopy>();
  #revision = 100;
  isLost = false;
  /** Instances that were ever made, by name. */
  readonly made = new Map<string, number>();
  epoch = 0;
  isAlive: (boot: MemberBoot) => boolean = () => true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  copy(): FakeObjectCopy {
    const copy = new FakeObjectCopy();
    copy.show(new Map(this.#objects), []);
    this.#copies.add(copy);
    return copy;
  }

  find(name: string): PlacedObject | undefined {
    return this.#objects.get(name);
  }

  /** As the real one, but without races: the store's guards are what makes those impossible there. */
  async place(name: string, placement: ClusterPlacement): Promise<SessionPlacement> {
    await this.#pass(STORE_MS);
    if (this.isLost) return { kind: 'engineLost', message: 'no engine' };
    let object = this.#objects.get(name);
    if (object !== undefined && !this.isAlive(object)) {
      this.#objects.delete(name);
      object = undefined;
    }
    if (object === undefined) {
      const chosen = placement.chooseMember();
      if (chosen.kind === 'none') return chosen;
      const { id: member, boot } = chosen.member.info;
      object = { name, member, boot, epoch: this.epoch, revision: ++this.#revision };
      this.#objects.set(name, object);
      this.made.set(name, (this.made.get(name) ?? 0) + 1);
      this.#changed(name);
      return { kind: 'placed', object, placed: chosen };
    }
    const placed = placement.placeOn(object);
    return placed.kind === 'none' ? placed : { kind: 'placed', object, placed };
  }

  async release({ name, revision }: PlacedObject): Promise<boolean> {
    await this.#pass(STORE_MS);
    if (this.isLost) return false;
    if (this.#objects.get(name)?.revision === revision) this.remove(name);
    return true;
  }

  remove(name: string): void {
    this.#objects.delete(name);
    this.#changed(name);
  }

  #changed(name: string): void {
    const snapshot = new Map(this.#objects);
    this.#clock.after(WATCH_MS, () => {
      for (const copy of this.#copies) copy.show(snapshot, [name]);
    });
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }
}

/** What one member sees of it. */
export class FakeObjectCopy {
  #objects: ReadonlyMap<string, PlacedObject> = new Map();
  #listener: ((names: readonly string[]) => void) | undefined;
  /** The member is suspended: what happens is shown when it goes on. */
  #missed: { readonly objects: ReadonlyMap<string, PlacedObject>; readonly names: Set<string> } | undefined;
  #isSuspended = false;

  show(objects: ReadonlyMap<string, PlacedObject>, names: readonly string[]): void {
    if (this.#isSuspended) {
      this.#missed = { objects, names: new Set([...(this.#missed?.names ?? []), ...names]) };
      return;
    }
    this.#objects = objects;
    if (names.length > 0) this.#listener?.(names);
  }

  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    const missed = this.#missed;
    this.#missed = undefined;
    if (missed !== undefined) this.show(missed.objects, [...missed.names]);
  }

  /** The member's lease: while it has none, what it holds waits. */
  isServing = true;
  readonly #claimListeners = new Set<() => void>();

  setServing(isServing: boolean): void {
    this.isServing = isServing;
    for (const listener of this.#claimListeners) listener();
  }

  claimsOf({ member, boot }: MemberBoot): Pick<Claims, 'state' | 'isServing' | 'onChange'> {
    return {
      isServing: () => this.isServing,
      state: (name) => {
        const object = this.#objects.get(name);
        if (object?.member !== member || object.boot !== boot) return 'none';
        return this.isServing ? 'held' : 'suspended';
      },
      onChange: (changed) => {
        this.#claimListeners.add(changed);
        return () => this.#claimListeners.delete(changed);
      },
    };
  }

  find(name: string): PlacedObject | undefined {
    return this.#objects.get(name);
  }

  onChange(changed: (names: readonly string[]) => void): () => void {
    this.#listener = changed;
    return () => (this.#listener = undefined);
  }
}
