import type { Backplane } from '#backplane';
import type { Clock, Timer } from '#io';
import { Gone, type Bus } from '../bus.ts';
import type { MemberBoot } from '../handle.ts';
import { asObject, isFlag, isNumber } from '../json-record.ts';
import type { MemberId } from '../member-id.ts';
import type { MemberInfo, MemberView } from '../membership.ts';

/** "Do you reach the engine?" Every member answers it. */
export const engineService = 'cluster/engine';

const askEveryMs = 1_000;
/** What somebody said counts for so long. Far less than the time in which one that came back declares nobody dead. */
const answerGoodForMs = 3_000;
/** A member may have reached the engine so long after it last renewed its lease: renewals are a fifth of it apart. */
const contactSlackMs = 1_500;
/** A lease's deadline is no more than nine tenths of it after its last good renewal; a tenth to be safe. */
const deadlineShare = 0.8;

interface EngineAnswer {
  readonly isLost: boolean;
  /** Since its lease was last renewed; as long as that it has certainly done nothing that needs the engine. */
  readonly silentMs: number;
}

interface Testimony {
  readonly boot: string;
  readonly isLost: boolean;
  /** Own clock: after this it has not reached the engine; the latest of all that it said. */
  readonly lastContactMs: number;
  /** Own clock; Infinity = for ever, it has ended. */
  readonly goodUntilMs: number;
}

export interface EngineWitnessOptions {
  readonly backplane: Pick<Backplane, 'state'>;
  readonly bus: Pick<Bus, 'self' | 'call' | 'serve' | 'links'>;
  readonly clock: Clock;
  readonly leaseTtlMs: number;
  /** Everybody in the cluster, as far as is known. */
  readonly members: () => readonly MemberView[];
  /** As `members`, and those that have ended since the engine was last heard (`MemberRegistry.everybody`). */
  readonly everybody?: () => readonly MemberInfo[];
  /** When it was certain, on the own clock, that a boot has ended; undefined = it may live. */
  readonly endedAtMs?: (boot: string) => number | undefined;
  /** False: this member is the only one that may ever lead, so nobody else can place anything. Absent = true. */
  readonly canOthersLead?: () => boolean;
  /** Own clock: until when nobody can have seen this member's lease end; undefined = it never had one. */
  readonly visibleUntilMs: () => number | undefined;
}

/**
 * When a member has lost its lease: has everybody lost the engine, or only this one? If everybody has, nobody can have
 * placed its objects elsewhere, and they go on. That takes the word of each other member: that it has lost the engine
 * too, and last reached it before anybody could have seen this member's lease end; or the certainty that it has ended
 * by then. One that cannot be asked may be working with the engine on the other side of a cut; then the answer is no.
 */
export class EngineWitness {
  readonly #options: EngineWitnessOptions;
  readonly #testimonies = new Map<MemberId, Testimony>();
  readonly #unserve: () => void;
  #asking: Timer | undefined;
  #heard: () => void = () => undefined;

  constructor(options: EngineWitnessOptions) {
    this.#options = options;
    this.#unserve = options.bus.serve(engineService, () => this.#answer());
  }

  /** Asks now and every second until `rest`. `heard` is told of each answer. */
  watch(heard: () => void): void {
    if (this.#asking !== undefined) return;
    this.#heard = heard;
    this.#testimonies.clear();
    this.#asking = this.#options.clock.every(askEveryMs, () => this.#ask());
    this.#ask();
  }

  rest(): void {
    this.#asking?.cancel();
    this.#asking = undefined;
  }

  /** True: since this member's lease may have ended nobody has worked with the engine, and nobody does at this moment. */
  isEngineLostForAll(): boolean {
    const { backplane, clock, visibleUntilMs } = this.#options;
    const untilMs = visibleUntilMs();
    if (untilMs === undefined || backplane.state() === 'ok') return false;
    const nowMs = clock.nowMs();
    if (this.#options.canOthersLead?.() === false) return true;
    const others = this.#others();
    // Without witnesses, who knows. And whoever is on the bus but not in the list has come since: with the engine's help.
    if (others.length === 0 || this.#isStrangerThere(others)) return false;
    return others.every(({ member, boot }) => {
      const endedAtMs = this.#options.endedAtMs?.(boot);
      if (endedAtMs !== undefined && endedAtMs <= untilMs) return true;
      const said = this.#testimonies.get(member);
      if (said?.boot !== boot || !said.isLost || said.goodUntilMs < nowMs) return false;
      return said.lastContactMs + contactSlackMs <= untilMs;
    });
  }

  stop(): void {
    this.rest();
    this.#unserve();
  }

  #others(): MemberBoot[] {
    const { members, everybody, bus } = this.#options;
    return (everybody?.() ?? members().map(({ info }) => info))
      .filter(({ id }) => id !== bus.self.member)
      .map(({ member, boot }) => ({ member, boot }));
  }

  #isStrangerThere(others: readonly MemberBoot[]): boolean {
    const boots = new Set(others.map(({ boot }) => boot));
    return this.#options.bus.links().some(({ to }) => !boots.has(to.boot));
  }

  #ask(): void {
    for (const other of this.#others()) void this.#askOne(other);
  }

  async #askOne(other: MemberBoot): Promise<void> {
    const { bus, clock } = this.#options;
    try {
      const answer = parseAnswer(await bus.call(other, engineService, {}, { timeoutMs: askEveryMs }));
      const nowMs = clock.nowMs();
      const isLost = answer?.isLost === true;
      const lastContactMs = isLost ? nowMs - answer.silentMs : nowMs;
      this.#testify(other, { isLost, lastContactMs, goodUntilMs: nowMs + answerGoodForMs });
    } catch (error) {
      // Whoever does not answer may work with the engine.
      if (!(error instanceof Gone)) return;
      // It has ended, at the latest now.
      this.#testify(other, { isLost: true, lastContactMs: clock.nowMs() - contactSlackMs, goodUntilMs: Infinity });
    }
  }

  #testify({ member, boot }: MemberBoot, said: Omit<Testimony, 'boot'>): void {
    if (this.#asking === undefined) return;
    const before = this.#testimonies.get(member);
    const isKnown = before?.boot === boot;
    // That it has ended it can say only once; later repetitions would move the time.
    if (isKnown && before.goodUntilMs === Infinity) return;
    const lastContactMs = Math.max(said.lastContactMs, isKnown ? before.lastContactMs : -Infinity);
    this.#testimonies.set(member, { ...said, boot, lastContactMs });
    this.#heard();
  }

  #answer(): EngineAnswer {
    const { backplane, clock, leaseTtlMs, visibleUntilMs } = this.#options;
    const untilMs = visibleUntilMs();
    const renewedMs = untilMs === undefined ? Infinity : untilMs - deadlineShare * leaseTtlMs;
    return { isLost: backplane.state() === 'lost', silentMs: Math.max(0, clock.nowMs() - renewedMs) };
  }
}

function parseAnswer(body: unknown): EngineAnswer | undefined {
  const { isLost, silentMs } = asObject(body) ?? {};
  return isFlag(isLost) && isNumber(silentMs) ? { isLost, silentMs } : undefined;
}
