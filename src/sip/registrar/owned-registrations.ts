import { HubfarmError, type Logger } from '#base';
import type { Bus, MemberBoot } from '#cluster';
import type { AccountOwnership } from './account-ownership.ts';
import type { EndedFlow } from './binding.ts';
import type { RegistrationOwner } from './registrar.ts';
import type { Registrations, RegisterResult } from './registrations.ts';
import type { RegisterRequest } from './register-request.ts';

export interface OwnedRegistrationsOptions {
  readonly registrations: Registrations;
  readonly ownership: Pick<AccountOwnership, 'ownerOf' | 'isHere'>;
  readonly bus: Bus;
  readonly logger: Logger;
}

const registerService = 'sip/register';
const endService = 'sip/end-registration';
/** Shorter than a telephone waits before it asks again and again (timer F). */
const callTimeoutMs = 4_000;

interface RegisterCall {
  readonly aor: string;
  readonly request: RegisterRequest;
  readonly maxContacts: number;
}

interface EndCall {
  readonly aor: string;
  readonly contact?: string;
  readonly flow?: EndedFlow;
}

/** Registrations by whichever member owns the account: here, or over the bus. */
export class OwnedRegistrations implements RegistrationOwner {
  readonly #options: OwnedRegistrationsOptions;
  readonly #stops: (() => void)[];

  constructor(options: OwnedRegistrationsOptions) {
    this.#options = options;
    const { bus } = options;
    this.#stops = [
      bus.serve(registerService, (body) => this.#served(body as RegisterCall)),
      bus.serve(endService, (body) => this.#ended(body as EndCall)),
    ];
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  ownerOf(aor: string): 'here' | MemberBoot | undefined {
    return this.#options.ownership.ownerOf(aor);
  }

  register(aor: string, request: RegisterRequest, maxContacts: number, done: (result: RegisterResult) => void): void {
    const { ownership, registrations, bus, logger } = this.#options;
    const owner = ownership.ownerOf(aor);
    if (owner === 'here') {
      registrations.register(aor, request, maxContacts, done);
      return;
    }
    if (owner === undefined) {
      done(noOwner);
      return;
    }
    const call: RegisterCall = { aor, request, maxContacts };
    bus.call(owner, registerService, call, { timeoutMs: callTimeoutMs }).then(
      (result) => done(result as RegisterResult),
      (error: unknown) => {
        logger.debug({ aor, member: owner.member, err: error }, 'the owner of the account did not answer');
        done(noOwner);
      },
    );
  }

  async end(aor: string, contact?: string, flow?: EndedFlow): Promise<number> {
    const { ownership, registrations, bus } = this.#options;
    const owner = ownership.ownerOf(aor);
    if (owner === 'here') return registrations.end(aor, contact, flow);
    if (owner === undefined) throw notOwner(aor);
    const call: EndCall = {
      aor,
      ...(contact === undefined ? {} : { contact }),
      ...(flow === undefined ? {} : { flow }),
    };
    const ended = await bus.call(owner, endService, call);
    return typeof ended === 'number' ? ended : 0;
  }

  #served({ aor, request, maxContacts }: RegisterCall): Promise<RegisterResult> {
    const { ownership, registrations } = this.#options;
    if (!ownership.isHere(aor)) throw notOwner(aor);
    return new Promise((resolve) => registrations.register(aor, request, maxContacts, resolve));
  }

  #ended({ aor, contact, flow }: EndCall): Promise<number> {
    const { ownership, registrations } = this.#options;
    if (!ownership.isHere(aor)) throw notOwner(aor);
    return registrations.end(aor, contact, flow);
  }
}

const noOwner: RegisterResult = { kind: 'unavailable', reason: 'The account is being taken over', isPassing: true };

const notOwner = (aor: string): HubfarmError =>
  new HubfarmError('NOT_OWNER', `no member has the SIP account ${aor} at the moment: try again in some seconds`);
