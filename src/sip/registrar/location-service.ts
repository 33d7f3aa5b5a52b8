import { Coalescer, Conflict, settled, type Backplane, type Batch, type Guard, type WriteDone } from '#backplane';
import { silentLogger, type Logger } from '#base';
import type { Clock, Timer } from '#io';
import { decodeBindings, encodeBindings, isWrittenBy } from './binding-codec.ts';
import { ownText } from '../message/characters.ts';
import type { Binding } from './binding.ts';
import { registrarCaps } from './limits.ts';
import { BindingPacker, countOf, firstExpiryS, unpackBindings, type PackedBindings } from './packed-bindings.ts';

export const locationPrefix = 'sip/location/';

export interface LocationChange {
  /** `user@domain` */
  readonly aor: string;
  readonly before: readonly Binding[];
  readonly after: readonly Binding[];
  /** Only times went on, and what else nobody is reached by: the same bindings. */
  readonly isRefresh?: boolean;
}

export interface LocationOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  /** Tells the writes of this boot of this member from all others: 16 characters. */
  readonly writer: string;
  /** The accounts whose bindings this member changes; absent: all. */
  readonly owns?: (aor: string) => boolean;
  /** What each write of an account's bindings needs to hold. */
  readonly guard?: (aor: string) => Guard | undefined;
  /** What comes within this time of another write is written together; absent: each turn of the loop. */
  readonly writeSpacingMs?: number;
  readonly logger?: Logger;
}

interface Unpacked {
  readonly packed: PackedBindings;
  readonly bindings: readonly Binding[];
}

/** In the place of a domain, which cannot begin so. */
const syncMark = '.sync';
const none: readonly Binding[] = Object.freeze([]);
/** All accounts are looked at for what has expired in this many steps, one each second. */
const sweepSteps = 64;
const sweepEveryMs = 1_000;
/** Bindings that were looked up last, by a hash of their account: who asks again in the same moment gets the same array. */
const unpackedMax = 256;

/**
 * Where accounts are: the bindings of all members, in memory, from `sip/location/<domain>/<user>`. Only the owner of an
 * account changes them. What is shown has been written, or is being written: who must not promise too early waits for
 * `save`.
 */
export class LocationService {
  readonly #options: LocationOptions;
  readonly #logger: Logger;
  readonly #writes: Coalescer;
  readonly #writer: Uint8Array;
  readonly #packer = new BindingPacker();
  readonly #locations = new Map<string, PackedBindings>();
  readonly #unpacked = new Array<Unpacked | undefined>(unpackedMax).fill(undefined);
  readonly #listeners = new Set<(change: LocationChange) => void>();
  /** Accounts with a write under way, or one that failed, by the number of the last one. */
  readonly #unsaved = new Map<string, number>();
  #writeCount = 0;
  /** Writes by their numbers. */
  readonly #underWay = new Set<number>();
  /** Who waits for the end of all writes up to `last`. */
  readonly #settling: { readonly last: number; readonly resolve: () => void }[] = [];
  /** Told when the watch has brought the key of `catchUp`. */
  readonly #awaited = new Map<string, () => void>();
  #bindingCount = 0;
  /** How far the present round of sweeping is: additions and removals do not disturb it. */
  #swept: IterableIterator<[string, PackedBindings]> | undefined;
  #sweep: Timer | undefined;
  #watch: { close(): void } | undefined;

  private constructor(options: LocationOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    const { backplane, clock, writeSpacingMs: spacingMs } = options;
    this.#writes = new Coalescer(backplane, spacingMs === undefined ? undefined : { clock, spacingMs });
    this.#writer = Buffer.from(options.writer);
  }

  /** Resolves when what the store has is at hand. */
  static async open(options: LocationOptions): Promise<LocationService> {
    const service = new LocationService(options);
    await new Promise<void>((resolve) => {
      service.#watch = options.backplane.watch(locationPrefix, (batch) => {
        service.#apply(batch);
        resolve();
      });
    });
    service.#sweep = options.clock.every(sweepEveryMs, () => service.#sweepOne());
    return service;
  }

  close(): void {
    this.#watch?.close();
    this.#sweep?.cancel();
    this.#listeners.clear();
  }

  /** Told after the change shows. Returns the function that ends this. */
  onChange(listener: (change: LocationChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Bindings of an account, by its own `user@domain`, that have not expired; in the order of their registration. */
  lookup(aor: string): readonly Binding[] {
    const packed = this.#locations.get(aor);
    if (packed === undefined) return none;
    const bindings = this.#unpack(aor, packed);
    const nowS = this.nowS();
    return firstExpiryS(packed) > nowS ? bindings : bindings.filter(({ expiresAtS }) => expiresAtS > nowS);
  }

  /** As they are kept, expired ones too. */
  packed(aor: string): PackedBindings | undefined {
    return this.#locations.get(aor);
  }

  /** As `refresh`, with all that is kept; as many as before. */
  refreshPacked(aor: string, packed: PackedBindings): void {
    this.#locations.set(aor, packed);
    this.#tell(aor, packed, packed, true);
  }

  /** Unix seconds. */
  nowS(): number {
    return Math.floor(this.#options.clock.wallMs() / 1000);
  }

  get accountCount(): number {
    return this.#locations.size;
  }

  get bindingCount(): number {
    return this.#bindingCount;
  }

  /** No room for further bindings. */
  get isFull(): boolean {
    return this.#bindingCount >= registrarCaps.maxBindings;
  }

  /** `user@domain` of all that have bindings. */
  aors(): IterableIterator<string> {
    return this.#locations.keys();
  }

  /** What is shown is not known to be in the store: the next change must be written, whatever it is. */
  isUnsaved(aor: string): boolean {
    return this.#unsaved.has(aor);
  }

  /** New times only, which the store's cover: shown at once, written never. */
  refresh(aor: string, bindings: readonly Binding[]): void {
    this.#show(aor, bindings, true);
  }

  /** Until the store says something else; whoever calls it sees to the writing. */
  show(aor: string, bindings: readonly Binding[]): void {
    this.#show(aor, bindings);
  }

  /**
   * Shows the bindings at once; resolves when they are durable. Rejects as `Coalescer.put` does: what is shown then may
   * or may not be in the store, until the next write.
   */
  save(aor: string, bindings: readonly Binding[]): Promise<void> {
    return new Promise((resolve, reject) => this.store(aor, bindings, settled(resolve, reject)));
  }

  /** As `save`, without a promise; `done` is called once, later. */
  store(aor: string, bindings: readonly Binding[], done: WriteDone): void {
    this.#show(aor, bindings);
    const write = ++this.#writeCount;
    this.#unsaved.set(aor, write);
    this.#underWay.add(write);
    this.#write(aor, bindings, (error) => {
      this.#underWay.delete(write);
      if (error === undefined && this.#unsaved.get(aor) === write) this.#unsaved.delete(aor);
      done(error);
      if (this.#settling.length > 0) this.#settle();
    });
  }

  /** Resolves when the writes that are under way now have ended, well or not. */
  settled(): Promise<void> {
    if (this.#underWay.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#settling.push({ last: this.#writeCount, resolve }));
  }

  #settle(): void {
    // In the order in which they began.
    const [oldest = Number.POSITIVE_INFINITY] = this.#underWay;
    while (this.#settling[0] !== undefined && this.#settling[0].last < oldest) this.#settling.shift()?.resolve();
  }

  /** Resolves when everything that was in the store at the time of the call is shown. */
  async catchUp(): Promise<void> {
    const { backplane, writer } = this.#options;
    const key = `${locationPrefix}${syncMark}/${writer}.${++this.#writeCount}`;
    const seen = new Promise<void>((resolve) => this.#awaited.set(key, resolve));
    try {
      await backplane.put(key, '');
      await seen;
      await backplane.txn([{ kind: 'delete', key }], []);
    } finally {
      this.#awaited.delete(key);
    }
  }

  /** Ends all bindings of an account. */
  async remove(aor: string): Promise<void> {
    if (this.#locations.has(aor)) await this.save(aor, none);
  }

  #write(aor: string, bindings: readonly Binding[], done: WriteDone): void {
    const key = keyOf(aor);
    const guard = this.#options.guard?.(aor);
    const later = (error: unknown): void => queueMicrotask(() => done(error));
    if (guard === undefined && this.#options.guard !== undefined) {
      later(new Conflict(`${aor} is not an account of this member any more; nothing was written`));
      return;
    }
    const guarded = guard === undefined ? { key } : { key, guard };
    try {
      if (bindings.length === 0) this.#writes.submitRemoval(guarded, done);
      else this.#writes.submit({ ...guarded, value: encodeBindings(this.#options.writer, bindings) }, done);
    } catch (error) {
      later(error);
    }
  }

  #show(aor: string, bindings: readonly Binding[], isRefresh = false): void {
    const known = this.#locations.get(aor);
    this.#bindingCount += bindings.length - (known === undefined ? 0 : countOf(known));
    if (bindings.length === 0) {
      if (known === undefined) return;
      this.#locations.delete(aor);
    } else {
      // The name of an account may be part of a longer text.
      this.#locations.set(known === undefined ? ownText(aor) : aor, this.#packer.pack(bindings));
    }
    this.#tell(aor, known, this.#locations.get(aor), isRefresh);
  }

  #tell(aor: string, before: PackedBindings | undefined, after: PackedBindings | undefined, isRefresh: boolean): void {
    if (this.#listeners.size === 0) return;
    const change = new Change(aor, before, after, isRefresh);
    for (const listener of this.#listeners) listener(change);
  }

  #unpack(aor: string, packed: PackedBindings): readonly Binding[] {
    const at = hashOf(aor) % unpackedMax;
    const kept = this.#unpacked[at];
    if (kept?.packed === packed) return kept.bindings;
    const bindings = unpackBindings(packed);
    this.#unpacked[at] = { packed, bindings };
    return bindings;
  }

  #apply({ isSnapshot, changes }: Batch): void {
    if (isSnapshot) {
      const present = new Set(changes.map(({ key }) => key));
      for (const aor of [...this.#locations.keys()]) {
        if (!present.has(keyOf(aor)) && !this.#owns(aor)) this.#show(aor, none);
      }
    }
    for (const { key, entry } of changes) {
      if (entry !== undefined && isWrittenBy(entry.value, this.#writer)) continue;
      this.#awaited.get(key)?.();
      const aor = aorOfKey(key);
      if (aor === undefined) continue;
      // Memory knows more of an account of this member's own than what comes back from the store.
      if (this.#owns(aor) && (entry === undefined || this.#locations.has(aor))) continue;
      const bindings = entry === undefined ? none : decodeBindings(entry.value);
      if (bindings === undefined) this.#logger.error({ key }, 'a record of the store cannot be read and is ignored');
      else this.#show(aor, bindings);
    }
  }

  /** This member changes the bindings of the account. */
  owns(aor: string): boolean {
    return this.#owns(aor);
  }

  #owns(aor: string): boolean {
    return this.#options.owns?.(aor) ?? true;
  }

  /** A part of the accounts: ends what has expired. The owner takes it out of the store, too. */
  #sweepOne(): void {
    const nowS = this.nowS();
    for (let left = Math.ceil(this.#locations.size / sweepSteps); left > 0; left--) {
      this.#swept ??= this.#locations.entries();
      const next = this.#swept.next();
      if (next.done === true) {
        this.#swept = undefined;
        return;
      }
      const [aor, packed] = next.value;
      if (firstExpiryS(packed) <= nowS) this.#expire(aor, packed, nowS);
    }
  }

  #expire(aor: string, packed: PackedBindings, nowS: number): void {
    const left = unpackBindings(packed).filter(({ expiresAtS }) => expiresAtS > nowS);
    if (!this.#owns(aor)) {
      this.#show(aor, left);
      return;
    }
    this.save(aor, left).catch((error: unknown) => {
      this.#logger.warn(
        { aor, err: error },
        'an expired registration is still in the store; it ends there by its time',
      );
    });
  }
}

/** Most listeners look at little of it. */
class Change implements LocationChange {
  readonly aor: string;
  readonly isRefresh: boolean;
  readonly #before: PackedBindings | undefined;
  readonly #after: PackedBindings | undefined;

  constructor(aor: string, before: PackedBindings | undefined, after: PackedBindings | undefined, isRefresh: boolean) {
    this.aor = aor;
    this.isRefresh = isRefresh;
    this.#before = before;
    this.#after = after;
  }

  get before(): readonly Binding[] {
    return this.#before === undefined ? none : unpackBindings(this.#before);
  }

  get after(): readonly Binding[] {
    return this.#after === undefined ? none : unpackBindings(this.#after);
  }
}

function keyOf(aor: string): string {
  const at = aor.lastIndexOf('@');
  return `${locationPrefix}${aor.slice(at + 1)}/${aor.slice(0, at)}`;
}

function aorOfKey(key: string): string | undefined {
  const slash = key.indexOf('/', locationPrefix.length);
  if (slash < 0 || key.startsWith(syncMark, locationPrefix.length)) return undefined;
  return `${key.slice(slash + 1)}@${key.slice(locationPrefix.length, slash)}`;
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (hash * 31 + text.charCodeAt(at)) >>> 0;
  return hash;
}
