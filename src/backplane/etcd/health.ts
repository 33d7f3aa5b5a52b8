import type { Logger } from '#base';
import type { Clock, Timer } from '#io';
import type { BackplaneState } from '../backplane.ts';

/** A sign of life is asked for when there was none for so many ticks; after so many without one the engine is lost. */
const ticksUntilProbe = 2;
const ticksUntilLost = 6;
/** A probe may be stuck where others would be answered: a further one does not wait for it. */
const probesMax = 3;

/**
 * Whether the engine answers: from the outcome of every call, and from a probe when there was none. Counted in ticks, not
 * in time: a process that was stopped for a while does not take its own absence for the engine's.
 */
export class Health {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #probe: () => Promise<unknown>;
  readonly #listeners = new Set<(state: BackplaneState) => void>();
  readonly #timer: Timer;
  #state: BackplaneState = 'ok';
  #silentTicks = 0;
  #probes = 0;
  #why = 'no answer yet';

  /** `lostAfterMs` of silence. */
  constructor(clock: Clock, logger: Logger, lostAfterMs: number, probe: () => Promise<unknown>) {
    this.#clock = clock;
    this.#logger = logger;
    this.#probe = probe;
    this.#timer = clock.every(lostAfterMs / ticksUntilLost, () => this.#tick());
  }

  get state(): BackplaneState {
    return this.#state;
  }

  onState(changed: (state: BackplaneState) => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  heard(isAnswered: boolean, why: string): void {
    if (isAnswered) {
      this.#silentTicks = 0;
      this.#set('ok');
    } else this.#why = why;
  }

  /** Asks once, and is lost when there is no answer within `withinMs`; it may still come. */
  async begin(withinMs: number): Promise<void> {
    const late = Promise.withResolvers<undefined>();
    const timer = this.#clock.after(withinMs, () => late.resolve(undefined));
    await Promise.race([this.#ask(), late.promise]);
    timer.cancel();
    if (this.#silentTicks > 0) this.#set('lost');
  }

  close(): void {
    this.#timer.cancel();
    this.#listeners.clear();
  }

  #tick(): void {
    this.#silentTicks++;
    if (this.#silentTicks >= ticksUntilProbe && this.#probes < probesMax) void this.#ask();
    if (this.#silentTicks >= ticksUntilLost) this.#set('lost');
  }

  async #ask(): Promise<void> {
    this.#probes++;
    this.#silentTicks ||= 1;
    await this.#probe().catch(() => undefined);
    this.#probes--;
  }

  #set(state: BackplaneState): void {
    if (this.#state === state) return;
    this.#state = state;
    if (state === 'lost') this.#logger.error({ reason: this.#why }, "the cluster's engine is lost; trying again");
    else this.#logger.info({}, "the cluster's engine is back");
    for (const changed of [...this.#listeners]) changed(state);
  }
}
