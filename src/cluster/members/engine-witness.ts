import type { Backplane } from '#backplane';
import type { Clock, Timer } from '#io';
import { Gone, type Bus } from '../bus.ts';
import type { MemberBoot } from '../member-boot.ts';
import { asObject, isFlag, isNumber } from '../json-record.ts';
import type { MemberId } from '../member-id.ts';
import type { MemberInfo, MemberView } from '../membership.ts';

/** "Do you reach the engine?" Every member answers it. */
export const engineService = 'cluster/engine';

const askEveryMs = 1_000;
/** What somebody said counts for so long. Far less than the time in which one that came back declares nobody dead. */
const answerGoodForMs = 3_000;
/** A member may have reached the engine so long after it last renewed its lease: renewals are an eighth of it apart. */
const contactSlackMs = 1_500;
/** In leases: how long nobody is declared dead after the engine came back. */
export const quarantineLeases = 2;
/** A lease's deadline is no more than nine tenths of it after its last good renewal; a tenth to be safe. */
const deadlineShare = 0.8;

interface EngineAnswer {
  /** It cannot reach the engine, or has been back for so short a time that it declares nobody dead yet. */
  readonly isHarmless: boolean;
  /** Since it last renewed its lease before that; as long as that it has declared nobody dead. */
  readonly silentMs: number;
  /** That it stays so. */
  readonly harmlessForMs: number;
}

interface Testimony {
  readonly boot: string;
  readonly isHarmless: boolean;
  /** Own clock: after this it has not reached the engine; the latest of all that it said. */
  readonly lastContactMs: number;
  /** Own clock; Infinity = for ever, it has ended. */
  readonly goodUntilMs: number;
}

export interface EngineWitnessOptions {
  readonly backplane: Pick<Backplane, 'state' | 'onState'>;
  readonly bus: Pick<Bus, 'self' | 'call' | 'serve' | 'links'>;
  readonly clock: Clock;
  readonly leaseTtlMs: number;
  /** Everybody in the cluster, as far as is known. */
  readonly members: () => readonly MemberView[];
  /** As `members`, and those that have ended since the engine was last heard (`MemberRegistry.everybody`). */
  readonly everybody?: () => readonly MemberInfo[];
  /** When it was certain, on the own clock, that a boot has ended; undefined = it may live. */
  readonly endedAtMs?: (boot: string) => number | undefined;
  /** For how long this member declares nobody dead yet (`MemberRegistry.quarantineLeftMs`). */
  readonly quarantineLeftMs?: () => number;
  /** False: this member is the only one that may ever lead, so nobody else can place anything. Absent = true. */
  readonly canOthersLead?: () => boolean;
  /** Own clock: until when nobody can have taken this member for gone; undefined = it never had a lease. */
  readonly visibleUntilMs: () => number | undefined;
  /** Own clock: when its lease ends, by its last renewal; undefined = it never had one. */
  readonly deadlineMs: () => number | undefined;
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
  /** Before the engine was lost last. */
  #contactBeforeLossMs: number | undefined;
  #backAtMs = -Infinity;
  #asking: Timer | undefined;
  #heard: () => void = () => undefined;

  constructor(options: EngineWitnessOptions) {
    this.#options = options;
    const unserve = options.bus.serve(engineService, () => this.#answer());
    const unfollow = options.backplane.onState((state) => {
      // Lost again before it was forgiven: what was before the first loss still counts.
      if (state === 'lost' && !this.#isRecovering()) this.#contactBeforeLossMs = this.#renewedMs();
      if (state === 'ok') this.#backAtMs = this.#options.clock.nowMs();
    });
    this.#unserve = () => {
      unserve();
      unfollow();
    };
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

  /**
   * True: since this member's lease may have ended nobody has declared anybody dead, and nobody does at this moment.
   * `visibleUntilMs`: of the lease that was lost; absent = it is still the latest.
   */
  isEngineLostForAll(visibleUntilMs = this.#options.visibleUntilMs()): boolean {
    const untilMs = visibleUntilMs;
    if (untilMs === undefined) return false;
    const nowMs = this.#options.clock.nowMs();
    if (this.#options.canOthersLead?.() === false) return true;
    const others = this.#others();
    // Without witnesses, who knows. And whoever is on the bus but not in the list has come since: with the engine's help.
    if (others.length === 0 || this.#isStrangerThere(others)) return false;
    return others.every(({ member, boot }) => {
      const endedAtMs = this.#options.endedAtMs?.(boot);
      if (endedAtMs !== undefined && endedAtMs <= untilMs) return true;
      const said = this.#testimonies.get(member);
      if (said?.boot !== boot || !said.isHarmless || said.goodUntilMs < nowMs) return false;
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
      const sentAtMs = clock.nowMs();
      const answer = parseAnswer(await bus.call(other, engineService, {}, { timeoutMs: askEveryMs }));
      const nowMs = clock.nowMs();
      const isHarmless = answer?.isHarmless === true;
      const lastContactMs = isHarmless ? nowMs - answer.silentMs : nowMs;
      const goodUntilMs = sentAtMs + Math.min(answerGoodForMs, answer?.harmlessForMs ?? 0);
      this.#testify(other, { isHarmless, lastContactMs, goodUntilMs });
    } catch (error) {
      // Whoever does not answer may work with the engine.
      if (!(error instanceof Gone)) return;
      // It has ended, at the latest now.
      const lastContactMs = clock.nowMs() - contactSlackMs;
      this.#testify(other, { isHarmless: true, lastContactMs, goodUntilMs: Infinity });
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
    const { backplane, clock, leaseTtlMs } = this.#options;
    const isLost = backplane.state() === 'lost';
    const leftMs = this.#leftMs();
    // A quarantine for another reason than a loss says nothing of what was before.
    const beforeMs = isLost || this.#isRecovering() ? this.#contactBeforeLossMs : undefined;
    const lastContactMs = beforeMs ?? clock.nowMs();
    return {
      isHarmless: isLost || leftMs > 0,
      silentMs: Math.max(0, clock.nowMs() - lastContactMs),
      // Once it is back it waits longer than this.
      harmlessForMs: isLost ? leaseTtlMs : leftMs,
    };
  }

  /** The engine is back, and nobody is declared dead yet for that reason. */
  #isRecovering(): boolean {
    const { clock, leaseTtlMs } = this.#options;
    return this.#leftMs() > 0 && clock.nowMs() - this.#backAtMs <= quarantineLeases * leaseTtlMs;
  }

  #leftMs(): number {
    return this.#options.quarantineLeftMs?.() ?? 0;
  }

  /** When this member last renewed its lease, at the latest. */
  #renewedMs(): number | undefined {
    const { leaseTtlMs, deadlineMs } = this.#options;
    const untilMs = deadlineMs();
    return untilMs === undefined ? undefined : untilMs - deadlineShare * leaseTtlMs;
  }
}

function parseAnswer(body: unknown): EngineAnswer | undefined {
  const { isHarmless, silentMs, harmlessForMs } = asObject(body) ?? {};
  return isFlag(isHarmless) && isNumber(silentMs) && isNumber(harmlessForMs)
    ? { isHarmless, silentMs, harmlessForMs }
    : undefined;
}
