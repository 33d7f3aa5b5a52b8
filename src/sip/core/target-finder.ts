import type { NamedAccount } from '../accounts/account.ts';
import type { NameAddr } from '../message/name-addr.ts';
import { qualityOf } from '../message/quality.ts';
import type { SipUri } from '../message/sip-uri.ts';
import { unescapeUri } from '../message/unescape.ts';
import type { Incoming } from '../proxy/incoming.ts';
import type { ProxyTarget } from '../proxy/target-set.ts';
import type { Binding } from '../registrar/binding.ts';
import type { Gruus } from '../registrar/gruu.ts';
import type { LocationService } from '../registrar/location-service.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { AccountAgent } from './account-agent.ts';
import type { Answerer } from './answerer.ts';
import { bindingTargets, type Flows } from './binding-targets.ts';
import { contactAsRequestUri } from './contact-as-request-uri.ts';
import type { Verdict } from './link.ts';
import { localDomainOf } from './local-domain.ts';
import type { LocalUsers } from './local-users.ts';

/** Who may send requests to others than our accounts: everybody with an account or of a trusted network, … */
export type RelayPolicy = 'clients' | 'authenticated' | 'anybody';

interface Addressed {
  readonly account: NamedAccount;
  /** undefined: all of them. */
  readonly fits: ((binding: Binding) => boolean) | undefined;
}

export interface TargetFinderServices {
  readonly answerer: Answerer;
  readonly users: LocalUsers;
  readonly location: Pick<LocationService, 'lookup'>;
  readonly transport: Pick<TransportLayer, 'isOwnAddress'>;
  readonly flows: Flows;
  readonly relay: RelayPolicy;
  /** Temporary GRUUs; absent: there are none. */
  readonly gruus: Pick<Gruus, 'meaningOf'> | undefined;
  readonly agent: AccountAgent | undefined;
  readonly accept: (incoming: Incoming) => ServerTransaction | undefined;
  readonly toTag: (incoming: Incoming) => string;
}

/** RFC 3261 §16.5: where a request goes, if it may. */
export class TargetFinder {
  readonly #services: TargetFinderServices;

  constructor(services: TargetFinderServices) {
    this.#services = services;
  }

  /** Targets, or that the request has been answered. */
  find(incoming: Incoming): readonly ProxyTarget[] | Verdict {
    const { requestUri, nextRoute } = incoming;
    const { answerer, flows, users, transport } = this.#services;
    if (requestUri === undefined) return answerer.answer(incoming, 416);
    const flow = incoming.flow;
    const connectionId = flow?.connectionId;
    // RFC 5626 §5.3.1: the dialog's way to its other end is gone.
    if (connectionId !== undefined && !flows.hasFlow(connectionId, flow?.member)) return answerer.answer(incoming, 430);
    const here = incoming.isOurDialog ? this.#namedByGruu(incoming, requestUri) : undefined;
    if (here !== undefined) return [here];
    if (incoming.isOurDialog || incoming.isOurPath) return [straightOn(requestUri)];
    const domain = nextRoute === undefined ? localDomainOf(incoming.message, requestUri, users, transport) : undefined;
    if (domain !== undefined) return this.#toAccount(incoming, requestUri, domain);
    if (this.#mayRelay(incoming)) return [straightOn(requestUri)];
    return answerer.answer(incoming, 403, { reason: 'Relaying denied' });
  }

  /** Where a redirection by somebody whom `incoming` went to leads, as far as it is ours. */
  redirected(contacts: readonly NameAddr[], incoming: Incoming): readonly ProxyTarget[] | undefined {
    const { users, location, flows } = this.#services;
    const mustBeSecure = incoming.requestUri?.scheme === 'sips';
    const targets: ProxyTarget[] = [];
    for (const contact of contacts) {
      const { uri } = contact;
      if (uri === undefined) continue;
      // RFC 3261 §16.5: from sips: to nothing less.
      if (mustBeSecure && uri.scheme !== 'sips') return undefined;
      const q = qualityOf(contact.param('q') ?? '');
      const found = users.isLocal(uri.host) ? this.#addressed(uri, uri.host) : undefined;
      if (found !== undefined) {
        const all = bindingTargets(location.lookup(found.account.aor), found.fits, flows);
        targets.push(...all.filter((one) => !mustBeSecure || isSecure(one)).map((one) => ({ ...one, q })));
      } else if (this.#mayRelay(incoming)) {
        targets.push({ ...straightOn(uri), uriText: contactAsRequestUri(uri, uri.toString()), q });
      } else {
        return undefined;
      }
    }
    return targets;
  }

  /** RFC 5627 §4.4: a telephone's Contact in a dialog may be a GRUU of ours, which only its registration says the place of. */
  #namedByGruu({ flow, nextRoute }: Incoming, uri: SipUri): ProxyTarget | undefined {
    const { users, location, flows } = this.#services;
    if (flow !== undefined || nextRoute !== undefined || !uri.has('gr') || !users.isLocal(uri.host)) return undefined;
    const found = this.#addressed(uri, uri.host);
    return found && bindingTargets(location.lookup(found.account.aor), found.fits, flows)[0];
  }

  #toAccount(incoming: Incoming, uri: SipUri, domain: string): readonly ProxyTarget[] | Verdict {
    const { answerer, location, flows, agent, accept } = this.#services;
    const found = this.#addressed(uri, domain);
    if (found === undefined) return answerer.answer(incoming, 404);
    const { account, fits } = found;
    const everywhere = bindingTargets(location.lookup(account.aor), fits, flows);
    // RFC 3261 §26.2.2: who calls a sips: address wants TLS all the way, and rather no call than another one.
    const targets = uri.scheme === 'sips' ? everywhere.filter(isSecure) : everywhere;
    if (agent !== undefined && this.#isTaken(incoming, account, targets.length > 0, agent, accept)) return 'answered';
    return targets.length > 0 ? targets : answerer.answer(incoming, 480);
  }

  /** The account, and which of its telephones, where a GRUU names one (RFC 5627 §5.1). */
  #addressed(uri: SipUri, domain: string): Addressed | undefined {
    const { users, gruus } = this.#services;
    const gr = uri.param('gr');
    const meaning = gr === '' && uri.user !== undefined ? gruus?.meaningOf(uri.user, domain) : undefined;
    const account = meaning === undefined ? users.named(uri, domain) : users.find(meaning.user, domain);
    if (account?.isEnabled !== true) return undefined;
    if (meaning !== undefined) return { account, fits: (binding) => meaning.fits(binding) };
    if (gr === undefined || gr === '') return { account, fits: undefined };
    const instance = `<${unescapeUri(gr)}>`;
    return { account, fits: (binding) => binding.instance === instance };
  }

  #isTaken(
    incoming: Incoming,
    { aor }: NamedAccount,
    isReachable: boolean,
    agent: AccountAgent,
    accept: TargetFinderServices['accept'],
  ): boolean {
    const { message, hop, account: sender, isTrusted, method } = incoming;
    if (method === 'INVITE' || method === 'ACK' || method === 'BYE' || method === 'CANCEL') return false;
    const at = aor.lastIndexOf('@');
    const account = this.#services.users.find(aor.slice(0, at), aor.slice(at + 1));
    if (account === undefined) return false;
    return agent.take({
      message,
      hop,
      account,
      sender,
      isTrusted,
      isReachable,
      toTag: () => this.#services.toTag(incoming),
      accept: () => (incoming.transaction ??= accept(incoming)),
      appoint: (standIn) => {
        incoming.standIn = standIn;
      },
    });
  }

  #mayRelay({ account, isTrusted }: Incoming): boolean {
    const { relay } = this.#services;
    return relay === 'anybody' || account !== undefined || (relay === 'clients' && isTrusted);
  }
}

const secure: ReadonlySet<string | undefined> = new Set(['tls', 'wss']);

/** By TLS: on the connection of its registration, or to a contact that says so. */
function isSecure({ uri, flow }: ProxyTarget): boolean {
  if (flow !== undefined) return secure.has(flow.transport);
  return uri.scheme === 'sips' || secure.has(uri.param('transport')?.toLowerCase());
}

/** To where the Request-URI, or the next Route element, says. */
function straightOn(uri: SipUri): ProxyTarget {
  return { uri, uriText: undefined, routes: [], flow: undefined, isReachedByFlow: false, q: 1000, isBinding: false };
}
