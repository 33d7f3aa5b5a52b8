import type { Clock } from '#io';
import type { EndedFlow } from './binding.ts';
import { registrarCaps } from './limits.ts';
import type { RegistrationOwner } from './registrar.ts';
import type { Registrations, RegisterResult } from './registrations.ts';
import type { RegisterRequest } from './register-request.ts';

const RETRY_MS = 250;
/** Longer than the lease of an owner that was killed, or than the engine takes to find a leader; shorter than timer F. */
const PATIENCE_MS = 16_000;

/**
 * A REGISTER whose account is changing its owner, or that the engine cannot store at the moment, waits until that is over: a
 * telephone that is told 503 stays away for longer than such things take.
 */
export class PatientRegistrations implements RegistrationOwner {
  readonly #owner: RegistrationOwner;
  readonly #clock: Clock;
  #waiting = 0;
  /** The last one has waited for nothing: others are told at once, until one need not. */
  #isVain = false;

  constructor(owner: RegistrationOwner, clock: Clock) {
    this.#owner = owner;
    this.#clock = clock;
  }

  register(
    aor: string,
    request: RegisterRequest,
    maxContacts: number,
    done: Parameters<Registrations['register']>[3],
  ): void {
    const untilMs = this.#clock.nowMs() + PATIENCE_MS;
    let isWaiting = false;
    const ended = (result: RegisterResult): void => {
      if (isWaiting) this.#waiting--;
      done(result);
    };
    const came = (result: RegisterResult): void => {
      const isPassing = result.kind === 'unavailable' && result.isPassing === true;
      const isLate = this.#clock.nowMs() >= untilMs;
      if (!isPassing || isLate) this.#isVain = isPassing;
      const isOver = isLate || this.#isVain || (!isWaiting && this.#waiting >= registrarCaps.maxWaiting);
      if (!isPassing || isOver) {
        ended(result);
        return;
      }
      if (!isWaiting) this.#waiting++;
      isWaiting = true;
      this.#clock.after(RETRY_MS, () => this.#owner.register(aor, request, maxContacts, came));
    };
    this.#owner.register(aor, request, maxContacts, came);
  }

  end(aor: string, contact?: string, flow?: EndedFlow): Promise<number> {
    return this.#owner.end(aor, contact, flow);
  }
}
