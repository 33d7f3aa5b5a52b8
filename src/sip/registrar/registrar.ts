import type { Logger } from '#base';
import type { MemberBoot } from '#cluster';
import type { Random } from '#io';
import type { Account } from '../accounts/account.ts';
import type { LocalUsers } from '../core/local-users.ts';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import { parseSipUri, type SipUri } from '../message/sip-uri.ts';
import type { Incoming } from '../proxy/incoming.ts';
import { reply } from '../transaction/reply.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { Answer } from './answer.ts';
import { okAnswer, type AnswerFacts } from './ok-answer.ts';
import type { EndedFlow } from './binding.ts';
import type { Gruus } from './gruu.ts';
import type { RegistrarSettings } from './limits.ts';
import type { RegisterResult } from './registrations.ts';
import { hasOption, readRegister, type RegisterRequest } from './register-request.ts';

/** Who changes the bindings of an account: this member, or the one that owns it. */
export interface RegistrationOwner {
  /** `done` is called once, within this call or later. */
  register(aor: string, request: RegisterRequest, maxContacts: number, done: (result: RegisterResult) => void): void;
  /**
   * Ends all bindings of an account, or the one with this Contact URI, or that only while it is by this connection; resolves
   * with how many that were.
   */
  end(aor: string, contact?: string, flow?: EndedFlow): Promise<number>;
  /** Which member that is; undefined: nobody at the moment. Absent: this one, which is alone. */
  ownerOf?(aor: string): 'here' | MemberBoot | undefined;
}

export interface RegistrarServices {
  readonly users: LocalUsers;
  readonly owner: RegistrationOwner;
  readonly gruus: Gruus;
  readonly random: Random;
  readonly logger: Logger;
  /** Of this member, as bindings name it; empty on a server that stands alone. */
  readonly member: string;
  readonly settings: RegistrarSettings;
}

export interface RegistrarCounters {
  /** Answered with 200. */
  accepted: number;
  /** Answered with anything else. */
  refused: number;
}

/** RFC 3261 §19.3 wants 32 bits of chance. */
const tagBits = 2 ** 32;
const supported = ['path', 'outbound', 'gruu'];
const retryAfterS = 5;

/** RFC 3261 §10.3, RFC 3327, RFC 5626 §6, RFC 5627 §5: REGISTER requests whose sender is known. */
export class Registrar {
  readonly counters: RegistrarCounters = { accepted: 0, refused: 0 };
  readonly #services: RegistrarServices;
  readonly #tagPrefix: string;
  #tags = 0;

  constructor(services: RegistrarServices) {
    this.#services = services;
    this.#tagPrefix = services.random.below(tagBits).toString(36);
  }

  handle(transaction: ServerTransaction, incoming: Incoming): void {
    const { message } = incoming;
    const respond = (answer: Answer): void => this.#respond(transaction, incoming, message, answer);
    const target = this.#target(incoming);
    if ('status' in target) {
      respond(target);
      return;
    }
    const { owner, member, settings, gruus } = this.#services;
    const request = readRegister(message, incoming.hop, member, (uri) => this.#leadsHere(uri, target));
    const refusal = 'status' in request ? request : outboundRefusal(request);
    if (refusal !== undefined || 'status' in request) {
      respond(refusal ?? (request as Answer));
      return;
    }
    const facts: AnswerFacts = {
      account: target,
      wantsGruu: hasOption(message, 'gruu'),
      wantsPath: request.path.length > 0 && hasOption(message, 'path'),
      request,
      nowS: gruus.nowS(),
    };
    const maxContacts = target.maxContacts > 0 ? target.maxContacts : settings.contactsPerAccount;
    owner.register(target.aor, request, maxContacts, (result) => respond(this.#answer(result, facts)));
  }

  /** The account whose bindings are meant, if the sender may change them. */
  #target({ message, account: sender }: Incoming): Account | Answer {
    const unsupported = message.has(HeaderId.Require)
      ? message.elements(HeaderId.Require).filter((tag) => !supported.includes(tag.toLowerCase()))
      : [];
    if (unsupported.length > 0) return { status: 420, headers: [[HeaderId.Unsupported, unsupported.join(', ')]] };
    const uri = message.to().uri;
    const target = uri === undefined ? undefined : this.#services.users.accountOf(uri);
    if (target === undefined) return { status: 404, headers: [] };
    if (!target.isEnabled) return { status: 403, reason: 'Account is disabled', headers: [] };
    if (sender !== undefined && sender.aor !== target.aor) {
      return { status: 403, reason: 'To is not the account that the credentials are of', headers: [] };
    }
    return target;
  }

  /** To the server itself, for this account. Another account of ours may well be where it wants to be called. */
  #leadsHere(uri: SipUri, { aor }: Account): boolean {
    const { users } = this.#services;
    if (!users.isLocal(uri.host)) return false;
    const named = users.named(uri)?.aor;
    return named === undefined || named === aor;
  }

  #answer(result: RegisterResult, facts: AnswerFacts): Answer {
    const { settings, gruus } = this.#services;
    switch (result.kind) {
      case 'bindings':
        return okAnswer(result.bindings, facts, settings, gruus);
      case 'tooBrief':
        return { status: 423, headers: [[HeaderId.MinExpires, String(settings.minExpiresS)]] };
      case 'outOfOrder':
        return { status: 500, reason: 'CSeq is not above the one before', headers: [] };
      case 'tooMany':
        return { status: 403, reason: `Too many contacts, at most ${result.max} for this account`, headers: [] };
      case 'bad':
        return { status: 400, reason: result.reason, headers: [] };
      case 'unavailable':
        return { status: 503, reason: result.reason, headers: [[HeaderId.RetryAfter, String(retryAfterS)]] };
    }
  }

  #respond(transaction: ServerTransaction, { hop }: Incoming, request: SipMessage, answer: Answer): void {
    if (answer.status === 200) this.counters.accepted++;
    else this.counters.refused++;
    const { status, reason, headers } = answer;
    const toTag = this.#tagPrefix + (this.#tags++).toString(36);
    const options = reason === undefined ? { toTag, headers } : { toTag, headers, reason };
    transaction.respond(reply(request, hop, status, options), status);
  }
}

/** RFC 5626 §6: through another proxy, outbound works only where that one keeps the flow, which its Path says. */
function outboundRefusal(request: RegisterRequest): Answer | undefined {
  const { contacts, wantsOutbound, flow, path } = request;
  if (!wantsOutbound || flow !== undefined || contacts === '*') return undefined;
  if (!contacts.some(({ regId, instance }) => regId > 0 && instance !== '')) return undefined;
  const first = path.at(-1) ?? '';
  const uri = parseSipUri(/<([^>]*)>/.exec(first)?.[1] ?? first);
  return uri?.has('ob') === true ? undefined : { status: 439, reason: 'First Hop Lacks Outbound Support', headers: [] };
}
