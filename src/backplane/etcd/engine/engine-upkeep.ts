import { reasonOf, type Logger } from '#base';
import type { Clock, Timer } from '#io';
import type { EngineStatus } from '../codec/maintenance.ts';
import type { EngineMember } from '../codec/membership.ts';
import type { EngineAdministration } from './engine-administration.ts';

export interface UpkeepOptions {
  readonly administration: Pick<
    EngineAdministration,
    'members' | 'status' | 'defragment' | 'moveLead' | 'disarmNoSpace'
  >;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent = one hour. */
  readonly everyMs?: number;
}

interface Found {
  readonly member: EngineMember;
  readonly status: EngineStatus;
}

const defaultEveryMs = 3_600_000;
/** Less is not worth the seconds in which a member does not answer. */
const wasteMinBytes = 64 * 1024 * 1024;

/**
 * Gives the disks back what the cut history has left in the engine's files, one member at a time and only while all are
 * well. For the controller alone: it starts this when it is elected, and stops it when it is not any more.
 */
export class EngineUpkeep {
  readonly #options: UpkeepOptions;
  #timer: Timer | undefined;
  #isStopped = false;
  #isRunning = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, everyMs = defaultEveryMs, logger } = this.#options;
    this.#timer = clock.every(everyMs, () => {
      this.run().catch((error: unknown) => {
        const reason = reasonOf(error);
        logger.warn({ reason }, 'engine: upkeep was broken off; tried again later');
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** One round; names of the members that were defragmented. */
  async run(): Promise<readonly string[]> {
    if (this.#isRunning) return [];
    this.#isRunning = true;
    try {
      return await this.#round();
    } finally {
      this.#isRunning = false;
    }
  }

  async #round(): Promise<readonly string[]> {
    const { administration, logger } = this.#options;
    const done: string[] = [];
    const first = await this.#look();
    // Who leads comes last: the others are small again when the lead goes to one of them.
    const order = (first ?? []).filter(isWasteful).toSorted((a, b) => Number(isLeader(a)) - Number(isLeader(b)));
    for (const { member } of order) {
      const all = await this.#look();
      const now = all?.find((each) => each.member.id === member.id);
      if (this.#isStopped || all === undefined || now === undefined) break;
      await this.#giveUpLead(now, all);
      const { dbBytes, dbUsedBytes } = now.status;
      logger.info({ member: member.name, dbBytes, dbUsedBytes }, 'engine: defragmenting');
      await administration.defragment(member);
      done.push(member.name);
    }
    if (first?.some(isFull) === true && done.length > 0) await administration.disarmNoSpace();
    return done;
  }

  /** undefined: one does not answer, or has no leader; then nobody is made to pause as well. */
  async #look(): Promise<readonly Found[] | undefined> {
    const { administration } = this.#options;
    const found: Found[] = [];
    for (const member of await administration.members()) {
      const status = await administration.status(member);
      if (status === undefined || status.leader === '0') return undefined;
      found.push({ member, status });
    }
    return found;
  }

  async #giveUpLead(one: Found, all: readonly Found[]): Promise<void> {
    const next = all.find((each) => !each.member.isLearner && !isLeader(each));
    if (isLeader(one) && next !== undefined) await this.#options.administration.moveLead(one.member, next.member);
  }
}

const isLeader = ({ member, status }: Found): boolean => status.leader === member.id;

const isFull = ({ status }: Found): boolean => status.errors.some((error) => error.includes('NOSPACE'));

function isWasteful(found: Found): boolean {
  const { dbBytes, dbUsedBytes } = found.status;
  const wasteBytes = dbBytes - dbUsedBytes;
  return isFull(found) || (wasteBytes >= wasteMinBytes && wasteBytes > dbUsedBytes);
}
