import { applyRegister, type RegisterOutcome } from './binding-rules.ts';
import type { Binding, EndedFlow } from './binding.ts';
import { registrarCaps, type RegistrarSettings } from './limits.ts';
import type { LocationService } from './location-service.ts';
import type { RegisterRequest } from './register-request.ts';

/** What came of a REGISTER. `unavailable`: it could not be stored, or nobody is there to do so: 503. */
export type RegisterResult =
  | RegisterOutcome
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      /** It may go in a moment. */ readonly isPassing?: boolean;
    };

const isOf =
  ({ callId, cseq }: RegisterRequest) =>
  (binding: Binding): boolean =>
    binding.callId !== callId || binding.cseq === cseq;

const notStored: RegisterResult = {
  kind: 'unavailable',
  reason: 'The registration could not be stored',
  isPassing: true,
};

/** The owner's side of a REGISTER: bindings of its own accounts, changed by the rules, answered when they are durable. */
export class Registrations {
  readonly #location: LocationService;
  readonly #settings: RegistrarSettings;

  constructor(location: LocationService, settings: RegistrarSettings) {
    this.#location = location;
    this.#settings = settings;
  }

  /** `done` is called once: within this call where nothing must be stored, else when that is done. */
  register(aor: string, request: RegisterRequest, maxContacts: number, done: (result: RegisterResult) => void): void {
    const location = this.#location;
    const current = location.lookup(aor);
    const applied = applyRegister(current, request, location.nowS(), this.#settings, maxContacts);
    // Its bindings show since the first attempt, which did not get into the store.
    const isAgain = applied.kind === 'outOfOrder' && location.isUnsaved(aor) && current.every(isOf(request));
    const outcome = isAgain ? { kind: 'bindings' as const, bindings: current, needsStore: true } : applied;
    if (outcome.kind !== 'bindings' || (request.contacts !== '*' && request.contacts.length === 0)) {
      done(outcome);
      return;
    }
    const { bindings } = outcome;
    if (bindings.length > current.length && location.isFull) {
      done({ kind: 'unavailable', reason: `More than ${registrarCaps.maxBindings} registrations` });
      return;
    }
    if (!outcome.needsStore && !location.isUnsaved(aor)) {
      location.refresh(aor, bindings);
      done(outcome);
      return;
    }
    location.store(aor, bindings, (error) => {
      done(error === undefined ? outcome : notStored);
    });
  }

  async end(aor: string, contact?: string, by?: EndedFlow): Promise<number> {
    const current = this.#location.lookup(aor);
    const isStill = ({ flow }: Binding): boolean =>
      by === undefined || (flow?.connectionId === by.connectionId && flow.member === by.member);
    const rest = contact === undefined ? [] : current.filter((one) => one.uri !== contact || !isStill(one));
    if (rest.length < current.length) await this.#location.save(aor, rest);
    return current.length - rest.length;
  }
}
