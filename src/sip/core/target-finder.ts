import type { NamedAccount } from '../accounts/account.ts';
import type { NameAddr } from '../message/name-addr.ts';
import { qualityOf } from '../message/quality.ts';
import type { SipUri } from '../message/sip-uri.ts';
import type { Incoming } from '../proxy/incoming.ts';
import type { ProxyTarget } from '../proxy/target-set.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { AccountAgent } from './account-agent.ts';
import { AccountPlaces, type AccountPlacesServices } from './account-places.ts';
import type { Answerer } from './answerer.ts';
import { contactAsRequestUri } from './contact-as-request-uri.ts';
import type { Verdict } from './link.ts';
import { localDomainOf } from './local-domain.ts';

/** Who may send requests to others than our accounts: everybody with an account or of a trusted network, … */
export type RelayPolicy = 'clients' | 'authenticated' | 'anybody';

export interface TargetFinderServices extends AccountPlacesServices {
  readonly answerer: Answerer;
  readonly relay: RelayPolicy;
  readonly agent: AccountAgent | undefined;
  readonly accept: (incoming: Incoming) => ServerTransaction | undefined;
  readonly toTag: (incoming: Incoming) => string;
}

/** RFC 3261 §16.5: where a request goes, if it may. */
export class TargetFinder {
  readonly #services: TargetFinderServices;
  readonly #places: AccountPlaces;

  constructor(services: TargetFinderServices) {
    this.#services = services;
    this.#places = new AccountPlaces(services);
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
    const { users } = this.#services;
    const mustBeSecure = incoming.requestUri?.scheme === 'sips';
    const targets: ProxyTarget[] = [];
    for (const contact of contacts) {
      const { uri } = contact;
      if (uri === undefined) continue;
      // RFC 3261 §16.5: from sips: to nothing less.
      if (mustBeSecure && uri.scheme !== 'sips') return undefined;
      const q = qualityOf(contact.param('q') ?? '');
      const found = users.isLocal(uri.host) ? this.#places.addressed(uri, uri.host) : undefined;
      if (found !== undefined) {
        const all = this.#places.of(found);
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
    const { users } = this.#services;
    if (flow !== undefined || nextRoute !== undefined || !uri.has('gr') || !users.isLocal(uri.host)) return undefined;
    const found = this.#places.addressed(uri, uri.host);
    return found && this.#places.of(found)[0];
  }

  #toAccount(incoming: Incoming, uri: SipUri, domain: string): readonly ProxyTarget[] | Verdict {
    const { answerer, agent, accept } = this.#services;
    const found = this.#places.addressed(uri, domain);
    if (found === undefined) return answerer.answer(incoming, 404);
    const { account } = found;
    const everywhere = this.#places.of(found);
    // RFC 3261 §26.2.2: who calls a sips: address wants TLS all the way, and rather no call than another one.
    const targets = uri.scheme === 'sips' ? everywhere.filter(isSecure) : everywhere;
    if (agent !== undefined && this.#isTaken(incoming, account, targets.length > 0, agent, accept)) return 'answered';
    return targets.length > 0 ? targets : answerer.answer(incoming, 480);
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
