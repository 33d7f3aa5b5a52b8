import type { MemberBoot } from '#cluster';
import type { Change } from '../../../src/backplane/embedded/requests.ts';
import type { Machine, SimulatedCluster } from './simulated-cluster.ts';
import { isStatic } from './simulated-hubs.ts';
import type { MemberObserver, SimulatedMember } from './simulated-member.ts';

/** A member whose lease has ended leaves placement within this: the lease, and a turn of messages. */
const deadWithinMs = 6_500;
/** A controller that the engine cannot hear either learns of no deaths, but leads no longer than its own lease. */
const deadWithinCutOffMs = deadWithinMs + 5_000;

/** By then a controller has the list of a member that it hears. */
const countedWithinMs = 8_000;

/** What must hold at every moment. Each breach is kept as a sentence. */
export class Invariants implements MemberObserver {
  readonly breaches: string[] = [];
  /** The most at one time. */
  licencesUsed = 0;
  readonly #cluster: () => SimulatedCluster;
  readonly #hubs: readonly string[];
  readonly #licences: number;
  readonly #usedTickets = new Set<string>();
  readonly #written = new Map<string, { revision: number; isCertain: boolean }[]>();
  readonly #epochs = new Map<number, string>();
  readonly #stored = new Map<string, { readonly revision: number; readonly epoch: number }>();

  constructor(cluster: () => SimulatedCluster, hubs: readonly string[], licences: number) {
    this.#cluster = cluster;
    this.#hubs = hubs;
    this.#licences = licences;
  }

  /** One live instance per dynamic hub; at most one valid leader; epochs belong to one leader each, and grow. */
  look(): void {
    for (const hub of this.#hubs) if (!isStatic(hub)) this.#lookAtHub(hub);
    const leaders = this.#cluster()
      .running()
      .filter((member) => member.isController);
    if (leaders.length > 1) this.#breach(`two leaders at once: ${leaders.map(name).join(', ')}`);
    for (const leader of leaders) this.#leads(leader);
  }

  placed(by: SimulatedMember, { member, boot }: MemberBoot): void {
    const cluster = this.#cluster();
    const machine = cluster.machineOf({ member });
    const isEarlierBoot = machine.member?.self.boot !== boot;
    const mutedAtMs = Math.max(machine.mutedAtMs ?? Infinity, cluster.engine.leasesBeganAtMs);
    const mutedMs = cluster.clock.nowMs() - mutedAtMs;
    const isCutOff = cluster.machineOf(by.self).mutedAtMs !== undefined || !cluster.engine.isUp;
    if (mutedMs > (isCutOff ? deadWithinCutOffMs : deadWithinMs)) {
      this.#breach(`${name(by)} placed a session on ${member} ${boot}, which nobody has heard for ${mutedMs} ms`);
    }
    if (isEarlierBoot && !isCutOff && machine.mutedAtMs === undefined && machine.member?.isReady === true) {
      this.#breach(`${name(by)} placed a session on ${boot}, but ${machine.member.self.boot} runs there`);
    }
  }

  accepted(_: SimulatedMember, hub: string): void {
    if (!isStatic(hub)) this.#lookAtHub(hub);
  }

  /** A client got in with a ticket, on a session that takes a licence or none. */
  used(ticket: string, isCounted: boolean): void {
    if (this.#usedTickets.has(ticket)) this.#breach(`ticket ${ticket} let two clients in`);
    this.#usedTickets.add(ticket);
    if (isCounted) this.#lookAtLicences();
  }

  /**
   * Never more sessions than licences, on all members that the controller can have counted: where something has just
   * happened, sessions live on that nobody could ask for.
   */
  #lookAtLicences(): void {
    const { machines, engine, clock } = this.#cluster();
    const nowMs = clock.nowMs();
    const leader = machines.find(({ member }) => member?.isController === true);
    const isCalm = ({ disturbedAtMs, mutedAtMs, cutFrom }: Machine): boolean =>
      mutedAtMs === undefined && cutFrom.size === 0 && nowMs - disturbedAtMs > countedWithinMs;
    if (leader === undefined || !isCalm(leader) || !engine.isUp || nowMs - engine.backAtMs < countedWithinMs) return;
    const sessions = machines.filter(isCalm).reduce((sum, { member }) => sum + (member?.countedSessions ?? 0), 0);
    this.licencesUsed = Math.max(this.licencesUsed, sessions);
    if (sessions > this.#licences) this.#breach(`${sessions} sessions with ${this.#licences} licences`);
  }

  wrote(key: string, outcome: { readonly revision: number } | 'unknown'): void {
    const writes = this.#written.get(key) ?? [];
    const isCertain = outcome !== 'unknown';
    writes.push({ revision: isCertain ? outcome.revision : 0, isCertain });
    this.#written.set(key, writes);
  }

  /** The engine has taken something: what a controller writes never comes from an earlier one than what stands there. */
  committed(revision: number, changes: readonly Change[]): void {
    for (const { key, entry } of changes) {
      if (entry === undefined || !key.startsWith('cfg/')) continue;
      const { epoch } = JSON.parse(Buffer.from(entry.value).toString()) as { epoch: number };
      const before = this.#stored.get(key);
      if (before !== undefined && epoch < before.epoch) {
        this.#breach(`${key}: a controller of epoch ${epoch} wrote after one of epoch ${before.epoch}`);
      }
      this.#stored.set(key, { revision, epoch });
    }
  }

  /** No acknowledged write is missing. */
  lookAtConfiguration(): void {
    for (const [key, writes] of this.#written) {
      const last = Math.max(0, ...writes.filter(({ isCertain }) => isCertain).map(({ revision }) => revision));
      const stored = this.#stored.get(key)?.revision ?? 0;
      if (stored < last) this.#breach(`${key}: the write of revision ${last} was acknowledged, ${stored} is stored`);
    }
  }

  fail(why: string): void {
    this.#breach(why);
  }

  #lookAtHub(hub: string): void {
    const hosts = this.#cluster()
      .running()
      .filter((member) => member.accepts(hub));
    if (hosts.length > 1) this.#breach(`${hub} lives on ${hosts.map(name).join(' and ')}`);
  }

  #leads(leader: SimulatedMember): void {
    const { epoch } = leader;
    if (epoch === undefined || this.#epochs.get(epoch) === leader.self.boot) return;
    if (this.#epochs.has(epoch)) this.#breach(`epoch ${epoch} is of ${this.#epochs.get(epoch)} and ${name(leader)}`);
    if (epoch <= Math.max(0, ...this.#epochs.keys())) this.#breach(`${name(leader)} leads with the old epoch ${epoch}`);
    this.#epochs.set(epoch, leader.self.boot);
  }

  #breach(what: string): void {
    this.breaches.push(`at ${(this.#cluster().clock.nowMs() / 1_000).toFixed(1)} s: ${what}`);
  }
}

const name = ({ self }: SimulatedMember): string => self.boot;
