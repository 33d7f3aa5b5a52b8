import type { Logger } from '#base';
import { Conflict, Unavailable, type Backplane, type Entry, type Guard, type Operation } from '#backplane';
import type { Clock, Timer } from '#io';
import type { MemberBoot } from '../member-boot.ts';
import type { MemberLiveness } from '../members/member-liveness.ts';
import type { Controllership } from '../membership.ts';
import type { ClusterPlacement, NotPlaced, Placed } from '../placement/cluster-placement.ts';
import type { ObjectDirectory } from './object-directory.ts';
import { parseObjectRecord, serialiseObjectRecord, type PlacedObject } from './object-record.ts';

export interface PlacedObjectsOptions {
  readonly backplane: Backplane;
  readonly directory: ObjectDirectory;
  readonly controllership: Controllership;
  readonly liveness: MemberLiveness;
  readonly placement: Pick<ClusterPlacement, 'chooseMember' | 'placeOn'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where a session of an object goes: `placed` counts for its member until `withdraw()`, a report or the ticket's end. */
export type SessionPlacement =
  | { readonly kind: 'placed'; readonly object: PlacedObject; readonly placed: Placed }
  | NotPlaced
  /** This member does not lead, or no longer: the session is for another controller to place. */
  | { readonly kind: 'notController' }
  /** The engine does not answer: no new object is placed. */
  | { readonly kind: 'engineLost'; readonly message: string };

type Creation =
  { readonly kind: 'object'; readonly object: PlacedObject } | Exclude<SessionPlacement, { kind: 'placed' }>;

/** A guarded write is tried so often before the caller hears that the engine does not answer. */
const triesMax = 4;
const sweepEveryMs = 1_000;
/** Deletions in one transaction; with the guards they stay below etcd's usual limit of 128 operations. */
const objectsPerSweepMax = 100;

/**
 * The controller's side of placed objects (dynamic hubs): each name has at most one record, written once, under guards:
 * the key is absent (or its host's lease has ended), this controller's leadership holds, the new host's lease lives. So
 * however many first log-ins race, and whoever dies on the way, an object is created exactly once.
 */
export class PlacedObjects {
  readonly #options: PlacedObjectsOptions;
  readonly #creating = new Map<string, Promise<Creation>>();
  readonly #stops: (() => void)[];
  readonly #sweepTimer: Timer;
  #isSweeping = false;

  constructor(options: PlacedObjectsOptions) {
    this.#options = options;
    const sweep = (): void => void this.#sweep();
    this.#stops = [options.liveness.onLiveness(sweep), options.controllership.onChange(sweep)];
    // Whatever failed is tried again; a sweep that finds nothing costs a look at each object.
    this.#sweepTimer = options.clock.every(sweepEveryMs, sweep);
  }

  find(name: string): PlacedObject | undefined {
    return this.#options.directory.find(name);
  }

  list(): PlacedObject[] {
    return this.#options.directory.list();
  }

  /** Where a session of `name` goes: to where the object lives, else the object is made where the most points are. */
  async placeSession(name: string): Promise<SessionPlacement> {
    const { controllership, placement } = this.#options;
    for (let tries = 0; tries < triesMax; tries++) {
      if (!controllership.isController()) return { kind: 'notController' };
      const known = this.find(name);
      if (known !== undefined && !this.#isGone(known) && !this.#creating.has(name)) {
        const placed = placement.placeOn(known);
        return placed.kind === 'none' ? placed : { kind: 'placed', object: known, placed };
      }
      const creation = await this.#create(name);
      if (creation.kind !== 'object') return creation;
      const placed = placement.placeOn(creation.object);
      if (placed.kind === 'placed') return { kind: 'placed', object: creation.object, placed };
      if (!this.#isGone(creation.object)) return placed;
    }
    return { kind: 'engineLost', message: `the hosts of ${name} end as soon as it is placed; try again later` };
  }

  /**
   * The host says that nobody uses the object any more and that it takes nobody meanwhile. True: its record is gone
   * for certain, now or before. False: it stays, because this is not the controller. Anything else is thrown.
   */
  async release(object: PlacedObject): Promise<boolean> {
    const { backplane, controllership, directory } = this.#options;
    const leadership = controllership.guard();
    if (leadership === undefined) return false;
    const key = directory.prefix + object.name;
    try {
      await backplane.txn([{ kind: 'delete', key }], [{ key, modRevision: object.revision }, leadership]);
      return true;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      return (await backplane.get(key))?.modRevision !== object.revision;
    }
  }

  stop(): void {
    this.#sweepTimer.cancel();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #isGone(boot: MemberBoot): boolean {
    return this.#options.liveness.goneGuard(boot) !== undefined;
  }

  /** All who ask for the same object at once share one creation. */
  #create(name: string): Promise<Creation> {
    const running = this.#creating.get(name);
    if (running !== undefined) return running;
    const creation = this.#createOnce(name).finally(() => this.#creating.delete(name));
    this.#creating.set(name, creation);
    return creation;
  }

  async #createOnce(name: string): Promise<Creation> {
    const { backplane, controllership, directory } = this.#options;
    const key = directory.prefix + name;
    let trouble = '';
    for (let tries = 0; tries < triesMax; tries++) {
      const leadership = controllership.guard();
      if (leadership === undefined) return { kind: 'notController' };
      try {
        const stored = toObject(name, await backplane.get(key));
        if (stored !== undefined && !this.#isGone(stored)) return await this.#shown(stored);
        const created = await this.#write(name, stored, leadership);
        if (created !== undefined) return created;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        // Whether it was written is not known: the next try reads it first.
        trouble = error.message;
      }
    }
    if (trouble === '') trouble = `${key} changes all the time`;
    return { kind: 'engineLost', message: `cannot place ${name}: ${trouble}` };
  }

  /** undefined = something has changed meanwhile: look again. */
  async #write(name: string, old: PlacedObject | undefined, leadership: Guard): Promise<Creation | undefined> {
    const { backplane, controllership, directory, liveness, placement } = this.#options;
    const epoch = controllership.epoch();
    const chosen = placement.chooseMember();
    if (chosen.kind === 'none') return chosen;
    const { member, boot } = chosen.member.info;
    const key = directory.prefix + name;
    try {
      const alive = liveness.aliveGuard({ member, boot });
      if (alive === undefined || epoch === undefined) return undefined;
      const record = { member, boot, epoch };
      const guards = [{ key, modRevision: old?.revision ?? 0 }, leadership, alive];
      const gone = old && liveness.goneGuard(old);
      if (gone !== undefined) guards.push(gone);
      const put: Operation = { kind: 'put', key, value: serialiseObjectRecord(record) };
      const revision = await backplane.txn([put], guards);
      return await this.#shown({ ...record, name, revision });
    } catch (error) {
      if (error instanceof Conflict) return undefined;
      throw error;
    } finally {
      // Each session is counted by itself once the object is there.
      chosen.withdraw();
    }
  }

  /** The directory shows it before anybody is told: the next session finds it there. */
  async #shown(object: PlacedObject): Promise<Creation> {
    await this.#options.directory.shows(object.name, object.revision);
    return { kind: 'object', object };
  }

  /** Removes the records of objects whose host has ended. */
  async #sweep(): Promise<void> {
    if (!this.#options.controllership.isController() || this.#isSweeping) return;
    const dead = this.list().filter((object) => this.#isGone(object) && !this.#creating.has(object.name));
    if (dead.length === 0) return;
    this.#isSweeping = true;
    for (const ofHost of Map.groupBy(dead, ({ member, boot }) => `${member} ${boot}`).values()) {
      for (let from = 0; from < ofHost.length; from += objectsPerSweepMax) {
        await this.#remove(ofHost.slice(from, from + objectsPerSweepMax));
      }
    }
    this.#isSweeping = false;
  }

  async #remove(objects: readonly PlacedObject[]): Promise<void> {
    const { backplane, controllership, directory, liveness, logger } = this.#options;
    const { member, boot } = objects[0]!;
    const leadership = controllership.guard();
    const gone = liveness.goneGuard({ member, boot });
    if (leadership === undefined || gone === undefined) return;
    const records = objects.map(({ name, revision }) => ({ key: directory.prefix + name, modRevision: revision }));
    try {
      const deletions = records.map(({ key }) => ({ kind: 'delete', key }) as const);
      await backplane.txn(deletions, [...records, leadership, gone]);
      logger.info({ member, objects: objects.length }, 'what lived on a member that has ended may be placed again');
    } catch (error) {
      // Something has changed, or the engine is away: the next sweep looks again.
      if (!(error instanceof Conflict || error instanceof Unavailable)) throw error;
    }
  }
}

function toObject(name: string, entry: Entry | undefined): PlacedObject | undefined {
  const record = entry && parseObjectRecord(entry.value);
  return record && { ...record, name, revision: entry.modRevision };
}
