import type { Backplane, Guard } from '#backplane';
import type { Clock, Timer } from '#io';
import type { BusLink } from '../bus.ts';
import type { MemberBoot } from '../member-boot.ts';
import type { MemberId } from '../member-id.ts';
import type { LoadReport, MemberInfo, MemberView } from '../membership.ts';
import { RecordCopy } from '../record-copy.ts';
import { Hearing } from './hearing.ts';
import { infoKey, loadKey, loadPrefix, memberOfInfoKey, memberOfLoadKey, memberPrefix } from './member-keys.ts';
import type { MemberLiveness } from './member-liveness.ts';
import { parseLoadReport, parseMemberInfo, type BootReport } from './member-record.ts';

export interface MemberDirectoryOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly self: MemberId;
  /** After the engine came back, and after the start, nobody is declared dead for so long. */
  readonly quarantineMs: number;
}

/** Boots that are known to have ended; of the oldest the leases are long over. */
const endedMax = 10_000;
const waitingForReturn = 'its lease ended while the engine was away; it may come back';

/**
 * Everybody in the cluster, as this member sees it: what they say of themselves in the engine, and how well the bus
 * hears them. Who has lost its lease is dead and leaves the list, but not while nobody could have kept one.
 */
export class MemberDirectory implements MemberLiveness {
  readonly #options: MemberDirectoryOptions;
  readonly #infos: RecordCopy<MemberInfo>;
  readonly #loads: RecordCopy<BootReport>;
  readonly #hearing: Hearing;
  /** Lost their lease in the quarantine. */
  readonly #missing = new Map<MemberId, MemberInfo>();
  readonly #known = new Map<MemberId, MemberInfo>();
  /** Boots that have ended for certain, though their lease lives on for some seconds. */
  readonly #ended = new Set<string>();
  readonly #listeners = new Set<(members: readonly MemberView[]) => void>();
  readonly #livenessListeners = new Set<() => void>();
  readonly #stopState: () => void;
  #members: readonly MemberView[] | undefined;
  #quarantineUntilMs = -Infinity;
  #quarantineEnd: Timer | undefined;

  constructor(options: MemberDirectoryOptions) {
    const { backplane } = options;
    this.#options = options;
    this.#hearing = new Hearing(options.clock);
    this.#infos = new RecordCopy({
      backplane,
      prefix: memberPrefix,
      parse: (key, value) => {
        const id = memberOfInfoKey(key);
        return id && parseMemberInfo(id, value);
      },
      changed: (keys) => this.#followInfos(keys),
    });
    this.#loads = new RecordCopy({
      backplane,
      prefix: loadPrefix,
      parse: (key, value) => (memberOfLoadKey(key) === undefined ? undefined : parseLoadReport(value)),
      changed: (keys) => this.#followLoads(keys),
    });
    this.#stopState = backplane.onState((state) => {
      if (state === 'ok') this.quarantine();
      else for (const changed of this.#livenessListeners) changed();
    });
    this.quarantine();
  }

  /** Resolves when it shows what is there. */
  async opened(): Promise<void> {
    await Promise.all([this.#infos.opened, this.#loads.opened]);
  }

  members(): readonly MemberView[] {
    this.#members ??= this.everybody()
      .filter(({ boot }) => !this.#ended.has(boot))
      .map((info) => this.#view(info));
    return this.#members;
  }

  /** Also those that have ended, as long as the engine, or what it last said, still has them. */
  everybody(): readonly MemberInfo[] {
    return [...this.#known.values(), ...this.#missing.values()];
  }

  find(id: MemberId): MemberView | undefined {
    const info = this.#known.get(id) ?? this.#missing.get(id);
    return info === undefined || this.#ended.has(info.boot) ? undefined : this.#view(info);
  }

  /** Its link is broken, not only silent. */
  isLinkDown(boot: MemberBoot): boolean {
    return this.#hearing.isLinkDown(boot);
  }

  /** Since when nothing has come of a boot, neither over the bus nor through the engine (own clock). */
  silentSinceMs(boot: MemberBoot): number {
    return this.#hearing.silentSinceMs(boot);
  }

  /** Holds while the engine has taken no further report of this boot than is known here. */
  reportGuard({ member, boot }: MemberBoot): Guard | undefined {
    const key = loadKey(member);
    const record = this.#loads.get(key);
    return record?.value.boot === boot ? { key, modRevision: record.modRevision } : undefined;
  }

  /** Somebody may be taken for gone now. */
  look(): void {
    this.#changed();
    for (const changed of this.#livenessListeners) changed();
  }

  /** This boot has ended, for certain: nobody waits for its lease. */
  hasEnded({ boot }: MemberBoot): void {
    this.#ended.add(boot);
    if (this.#ended.size > endedMax) this.#ended.delete(this.#ended.values().next().value ?? '');
    this.#changed();
    for (const changed of this.#livenessListeners) changed();
  }

  onChange(changed: (members: readonly MemberView[]) => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  /** The bus tells how well it hears somebody. */
  heard(link: BusLink): void {
    if (this.#hearing.follow(link)) this.#changed();
  }

  /** Nobody is declared dead for a while: this member could not have seen them renew their leases. */
  quarantine(): void {
    const { clock, quarantineMs, backplane } = this.#options;
    // Leases of the embedded store are renewed in this very process: it does not go away without them.
    if (backplane.mode === 'embedded') return;
    this.#quarantineUntilMs = clock.nowMs() + quarantineMs;
    this.#quarantineEnd?.cancel();
    this.#quarantineEnd = clock.after(quarantineMs, () => {
      this.#missing.clear();
      this.#changed();
      for (const changed of this.#livenessListeners) changed();
    });
  }

  /** For so long nobody is declared dead, if the engine is there; 0 = no longer. */
  quarantineLeftMs(): number {
    return Math.max(0, this.#quarantineUntilMs - this.#options.clock.nowMs());
  }

  aliveGuard({ member, boot }: MemberBoot): Guard | undefined {
    const key = infoKey(member);
    const record = this.#infos.get(key);
    if (record?.value.boot !== boot || this.#ended.has(boot)) return undefined;
    return { key, createRevision: record.createRevision };
  }

  goneGuard({ member, boot }: MemberBoot): Guard | undefined {
    const key = infoKey(member);
    const record = this.#infos.get(key);
    if (record !== undefined) {
      // Another boot of a member is the end of the one before, whenever it was seen.
      const isOver = record.value.boot !== boot || this.#ended.has(boot);
      return isOver ? { key, createRevision: record.createRevision } : undefined;
    }
    return this.#mayDeclareDead() || this.#ended.has(boot) ? { key, modRevision: 0 } : undefined;
  }

  onLiveness(changed: () => void): () => void {
    this.#livenessListeners.add(changed);
    return () => void this.#livenessListeners.delete(changed);
  }

  close(): void {
    this.#stopState();
    this.#quarantineEnd?.cancel();
    this.#infos.close();
    this.#loads.close();
    this.#listeners.clear();
    this.#livenessListeners.clear();
  }

  #followLoads(keys: readonly string[]): void {
    for (const key of keys) {
      const id = memberOfLoadKey(key);
      if (id !== undefined && this.#loads.get(key) !== undefined) this.#hearing.reported(id);
    }
    this.#changed();
  }

  #mayDeclareDead(): boolean {
    const { backplane, clock } = this.#options;
    return backplane.state() === 'ok' && clock.nowMs() >= this.#quarantineUntilMs;
  }

  #mayReturn({ boot }: MemberInfo): boolean {
    return !this.#mayDeclareDead() && !this.#ended.has(boot);
  }

  #followInfos(keys: readonly string[]): void {
    for (const key of keys) {
      const id = memberOfInfoKey(key);
      if (id === undefined) continue;
      const before = this.#known.get(id);
      const info = this.#infos.get(key)?.value;
      this.#missing.delete(id);
      if (info !== undefined) this.#known.set(id, info);
      else if (this.#known.delete(id) && before !== undefined && this.#mayReturn(before)) this.#missing.set(id, before);
    }
    this.#changed();
    for (const changed of this.#livenessListeners) changed();
  }

  #changed(): void {
    this.#members = undefined;
    if (this.#listeners.size === 0) return;
    const members = this.members();
    for (const changed of this.#listeners) changed(members);
  }

  #view(info: MemberInfo): MemberView {
    const load = this.#loads.get(loadKey(info.id))?.value;
    const cause = this.#suspicion(info);
    const report = load?.boot === info.boot ? (load as LoadReport) : undefined;
    const unheardSinceMs = this.#hearing.unheardSinceMs(info.id);
    if (cause === '') return { info, load: report, state: 'online', cause };
    return { info, load: report, state: 'suspect', cause, ...(unheardSinceMs === undefined ? {} : { unheardSinceMs }) };
  }

  #suspicion(info: MemberInfo): string {
    if (this.#missing.has(info.id)) return waitingForReturn;
    return info.id === this.#options.self ? '' : this.#hearing.doubt(info);
  }
}
