import type { Logger } from '#base';
import type { Bus } from '#cluster';
import type { Clock, Timer } from '#io';
import type { AccountOwnership } from './account-ownership.ts';
import { applyRegister } from './binding-rules.ts';
import type { Binding, EndedFlow } from './binding.ts';
import { registrarCaps, type RegistrarSettings } from './limits.ts';
import type { LocationService } from './location-service.ts';
import type { RegisterRequest } from './register-request.ts';
import type { RegistrationOwner } from './registrar.ts';
import type { RegisterResult, Registrations } from './registrations.ts';

/** What is granted at most while nothing can be stored: telephones are to be back soon after that is over. */
export const PROVISIONAL_S = 180;
const WRITE_EVERY_MS = 1_000;
/** Written at once, when the engine is back. */
const WRITES_PER_TURN = 500;
const LOG_EVERY_MS = 60_000;

const grantService = 'sip/provisional';
const writtenService = 'sip/provisional-written';

export interface ProvisionalRegistrationsOptions {
  readonly owner: RegistrationOwner;
  readonly location: LocationService;
  readonly ownership: Pick<AccountOwnership, 'isHere'>;
  readonly bus: Pick<Bus, 'send' | 'serve' | 'links'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: RegistrarSettings;
  /** This member hears more than half of all members: it is not the one that is cut off. */
  readonly hearsMost: () => boolean;
}

interface GrantCall {
  readonly aor: string;
  readonly request: RegisterRequest;
  readonly maxContacts: number;
}

/**
 * Registrations while nobody can store them, since the engine is away: nobody owns accounts then, and nobody can come to own any.
 * What the store keeps long enough already is granted from memory, for some minutes. What it does not know is shown by all
 * members that this one hears, and written by whoever owns the account when that is possible again. A member that is cut off from
 * the others does that not: they may know better. Ends of registrations wait for the store: a binding that came back would ring.
 */
export class ProvisionalRegistrations implements RegistrationOwner {
  readonly #options: ProvisionalRegistrationsOptions;
  readonly #settings: RegistrarSettings;
  /** Those that are not known to be in the store, by account. */
  readonly #kept = new Map<string, readonly Binding[]>();
  readonly #ends: readonly (() => void)[];
  #timer: Timer | undefined;
  #loggedMs = -Infinity;

  constructor(options: ProvisionalRegistrationsOptions) {
    const { bus, location, settings } = options;
    this.#options = options;
    this.#settings = { ...settings, maxExpiresS: Math.min(settings.maxExpiresS, PROVISIONAL_S) };
    this.#ends = [
      bus.serve(grantService, (body) => {
        const { aor, request, maxContacts } = body as GrantCall;
        this.#grant(aor, request, maxContacts);
        return undefined;
      }),
      bus.serve(writtenService, (body) => {
        for (const aor of body as readonly string[]) this.#kept.delete(aor);
        return undefined;
      }),
      location.onChange(({ aor }) => {
        // The store does not know them, and others are told of the change first.
        if (this.#kept.has(aor)) queueMicrotask(() => this.#showAgain(aor));
      }),
    ];
  }

  register(
    aor: string,
    request: RegisterRequest,
    maxContacts: number,
    done: Parameters<Registrations['register']>[3],
  ): void {
    this.#options.owner.register(aor, request, maxContacts, (result) => {
      const isPassing = result.kind === 'unavailable' && result.isPassing === true;
      done(isPassing ? (this.#grantHere(aor, request, maxContacts) ?? result) : result);
    });
  }

  end(aor: string, contact?: string, flow?: EndedFlow): Promise<number> {
    return this.#options.owner.end(aor, contact, flow);
  }

  stop(): void {
    this.#timer?.cancel();
    for (const end of this.#ends) end();
  }

  #grantHere(aor: string, request: RegisterRequest, maxContacts: number): RegisterResult | undefined {
    const { bus, hearsMost } = this.#options;
    const isAlone = !hearsMost();
    const granted = this.#grant(aor, request, maxContacts, isAlone);
    if (granted?.kind !== 'bindings') return granted;
    this.#log();
    if (granted.needsStore) {
      const call: GrantCall = { aor, request, maxContacts };
      for (const { to } of bus.links()) bus.send(to, grantService, call);
    }
    return granted;
  }

  /** undefined: only the store can do that. `isOnlyKnown`: nothing is granted but what the store has. */
  #grant(aor: string, request: RegisterRequest, maxContacts: number, isOnlyKnown = false): RegisterResult | undefined {
    const { location } = this.#options;
    const { contacts } = request;
    if (contacts === '*' || contacts.some(({ expiresS }) => expiresS === 0)) return undefined;
    // Its bindings may show since an attempt to store them that failed.
    const current = location
      .lookup(aor)
      .filter(({ callId, cseq }) => callId !== request.callId || cseq !== request.cseq);
    const outcome = applyRegister(current, request, location.nowS(), this.#settings, maxContacts);
    if (outcome.kind !== 'bindings') return outcome;
    const isKnown = !outcome.needsStore && !location.isUnsaved(aor) && !this.#kept.has(aor);
    // Which member sees the next refresh is left to chance: each goes by what the store has, or will have.
    const shown = outcome.bindings.map((one) => (current.includes(one) ? one : { ...one, expiresAtS: one.keptUntilS }));
    if (isKnown) {
      location.refresh(aor, shown);
      return outcome;
    }
    if (isOnlyKnown || location.isFull || this.#kept.size >= registrarCaps.maxProvisional) return undefined;
    this.#keep(
      aor,
      shown.filter((one) => !current.includes(one)),
    );
    location.show(aor, shown);
    return { ...outcome, needsStore: true };
  }

  #keep(aor: string, made: readonly Binding[]): void {
    const before = (this.#kept.get(aor) ?? []).filter(({ uri }) => !made.some((one) => one.uri === uri));
    this.#kept.set(aor, [...before, ...made]);
    this.#timer ??= this.#options.clock.after(WRITE_EVERY_MS, () => this.#write());
  }

  /** What came from the store does not have them yet. */
  #showAgain(aor: string): void {
    const { location } = this.#options;
    const nowS = location.nowS();
    const shown = location.lookup(aor);
    const isMissing = ({ uri, expiresAtS }: Binding): boolean =>
      expiresAtS > nowS && !shown.some((one) => one.uri === uri);
    const missing = (this.#kept.get(aor) ?? []).filter(isMissing);
    if (missing.length > 0) location.show(aor, [...shown, ...missing]);
  }

  #write(): void {
    const { location, ownership, clock } = this.#options;
    const nowS = location.nowS();
    let writes = 0;
    for (const [aor, bindings] of this.#kept) {
      const left = bindings.filter(({ expiresAtS }) => expiresAtS > nowS);
      if (left.length === 0) this.#kept.delete(aor);
      else if (ownership.isHere(aor) && writes++ < WRITES_PER_TURN) {
        location.store(aor, location.lookup(aor), (error) => {
          if (error === undefined && this.#kept.get(aor) === bindings) this.#written(aor);
        });
      }
    }
    this.#timer = this.#kept.size === 0 ? undefined : clock.after(WRITE_EVERY_MS, () => this.#write());
  }

  #written(aor: string): void {
    const { bus } = this.#options;
    this.#kept.delete(aor);
    for (const { to } of bus.links()) bus.send(to, writtenService, [aor]);
  }

  #log(): void {
    const { clock, logger } = this.#options;
    if (clock.nowMs() - this.#loggedMs < LOG_EVERY_MS) return;
    this.#loggedMs = clock.nowMs();
    logger.warn(
      { seconds: this.#settings.maxExpiresS },
      'registrations are granted from memory, for a short time: the engine of the cluster does not store any',
    );
  }
}
