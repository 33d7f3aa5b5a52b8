import type { Guard } from '#backplane';
import type { Clock, Timer } from '#io';
import type { Bus } from '../bus.ts';
import { defaultBusTiming } from '../bus/limits.ts';
import type { MemberBoot } from '../member-boot.ts';
import { asObject, isFlag, isText } from '../json-record.ts';
import { parseMemberId, type MemberId } from '../member-id.ts';

/** "Do you hear this boot?" `{ member, boot }` → `{ isHeard }`. Every member answers it. */
export const hearsService = 'cluster/hears';

/** A member says of another one that it does not hear it when nothing has come for so long. */
export const unheardAfterMs = defaultBusTiming.silentAfterMs;

const lookEveryMs = 250;
/** While somebody is silent. */
const lookCloselyEveryMs = 100;
/** Others are asked this long before what they say is needed. */
const askAfterMs = 3_100;
const askTimeoutMs = 700;
/** What somebody said counts for so long. */
const testimonyGoodForMs = 1_000;
/** Somebody whom none of three can hear. In a large cluster not everybody is asked. */
const witnessesMax = 3;

export interface SilenceWatchOptions {
  readonly bus: Pick<Bus, 'call' | 'serve'>;
  readonly clock: Clock;
  /** Whom it is about. */
  readonly watched: () => readonly MemberBoot[];
  /** Members that the bus hears. */
  readonly heard: () => readonly MemberBoot[];
  /** Since when nothing has come of a boot, neither over the bus nor through the engine (own clock). */
  readonly silentSinceMs: (boot: MemberBoot) => number;
  /** Holds while the engine has taken nothing more of it than is known here. */
  readonly guard: (boot: MemberBoot) => Guard | undefined;
  /** So long after the last that came of it a boot has lost its place, as it sees it itself. */
  readonly silentForMs: number;
  /** A boot is silent now. */
  readonly found: () => void;
}

/**
 * Who hangs, or is cut off, sooner than its lease ends: after a change of its leader etcd gives every lease its whole time
 * anew, which is too long for a controller, and for whoever wants to get to a dynamic hub. Nothing has come of it for so
 * long that it has itself given up its place (`Standing`), and nobody who can be asked hears it either: one who is cut off
 * from everybody so cannot depose anybody.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #unserve: () => void;
  readonly #timer: Timer;
  #closely: Timer | undefined;
  /** Witness → watched boot → when it said that it does not hear it. */
  readonly #deaf = new Map<string, Map<string, number>>();
  readonly #asking = new Set<string>();

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#unserve = options.bus.serve(hearsService, (body) => this.#answer(body));
    this.#timer = options.clock.every(lookEveryMs, () => this.#look());
  }

  /** For a write that rests on it that this boot is silent; undefined = it is not, or nobody can say so. */
  silenceGuard(boot: MemberBoot): Guard | undefined {
    const { clock, silentSinceMs, silentForMs, guard } = this.#options;
    if (clock.nowMs() - silentSinceMs(boot) < silentForMs || !this.#isConfirmed(boot)) return undefined;
    return guard(boot);
  }

  stop(): void {
    this.#timer.cancel();
    this.#closely?.cancel();
    this.#unserve();
  }

  #look(): void {
    const { clock, watched, silentSinceMs, silentForMs, found } = this.#options;
    const silent = watched().filter((boot) => clock.nowMs() - silentSinceMs(boot) >= Math.min(askAfterMs, silentForMs));
    if (silent.length > 0) this.#closely ??= clock.every(lookCloselyEveryMs, () => this.#look());
    else this.#calm();
    for (const boot of silent) {
      for (const witness of this.#witnesses(boot)) void this.#ask(witness, boot);
      if (this.silenceGuard(boot) !== undefined) found();
    }
  }

  #calm(): void {
    this.#deaf.clear();
    this.#closely?.cancel();
    this.#closely = undefined;
  }

  #witnesses(of: MemberBoot): readonly MemberBoot[] {
    const heard = this.#options.heard().filter(({ boot }) => boot !== of.boot);
    return heard.slice(0, witnessesMax);
  }

  #isConfirmed(of: MemberBoot): boolean {
    const witnesses = this.#witnesses(of);
    const nowMs = this.#options.clock.nowMs();
    return (
      witnesses.length > 0 &&
      witnesses.every(({ boot }) => {
        const saidAtMs = this.#deaf.get(boot)?.get(of.boot) ?? -Infinity;
        return nowMs - saidAtMs <= testimonyGoodForMs;
      })
    );
  }

  async #ask(witness: MemberBoot, of: MemberBoot): Promise<void> {
    const { bus, clock } = this.#options;
    const question = `${witness.boot} ${of.boot}`;
    if (this.#asking.has(question)) return;
    this.#asking.add(question);
    try {
      const answer = asObject(await bus.call(witness, hearsService, of, { timeoutMs: askTimeoutMs }));
      const { isHeard } = answer ?? {};
      const said = this.#deaf.get(witness.boot) ?? new Map<string, number>();
      if (isFlag(isHeard) && !isHeard) said.set(of.boot, clock.nowMs());
      else said.delete(of.boot);
      this.#deaf.set(witness.boot, said);
    } catch {
      // Whoever does not answer says nothing.
    } finally {
      this.#asking.delete(question);
    }
  }

  #answer(body: unknown): { readonly isHeard: boolean } {
    const { clock, silentSinceMs } = this.#options;
    const boot = parseBoot(body);
    // Of one that it has never heard it can say nothing.
    return { isHeard: boot === undefined || clock.nowMs() - silentSinceMs(boot) < unheardAfterMs };
  }
}

function parseBoot(body: unknown): MemberBoot | undefined {
  const { member, boot } = asObject(body) ?? {};
  return isText(member) && isText(boot) && parseMemberId(member) !== undefined
    ? { member: member as MemberId, boot }
    : undefined;
}
