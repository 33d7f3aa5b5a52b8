import type { NamedAccount } from '../accounts/account.ts';
import type { SipUri } from '../message/sip-uri.ts';
import { unescapeUri } from '../message/unescape.ts';
import type { ProxyTarget } from '../proxy/target-set.ts';
import type { Binding } from '../registrar/binding.ts';
import type { Gruus } from '../registrar/gruu.ts';
import type { LocationService } from '../registrar/location-service.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import { bindingTargets, type Flows } from './binding-targets.ts';
import type { LocalUsers } from './local-users.ts';

export interface Addressed {
  readonly account: NamedAccount;
  /** undefined: all of them. */
  readonly fits: ((binding: Binding) => boolean) | undefined;
}

export interface AccountPlacesServices {
  readonly users: LocalUsers;
  readonly location: Pick<LocationService, 'lookup'>;
  readonly transport: Pick<TransportLayer, 'isOwnAddress'>;
  readonly flows: Flows;
  /** Temporary GRUUs; absent: there are none. */
  readonly gruus: Pick<Gruus, 'meaningOf'> | undefined;
}

/** Accounts that one is led through: forwarding of forwarding is a mistake more often than not. */
const maxAccounts = 16;

/** Which account a URI is for, and where that is. */
export class AccountPlaces {
  readonly #services: AccountPlacesServices;

  constructor(services: AccountPlacesServices) {
    this.#services = services;
  }

  /** The account, and which of its telephones, where a GRUU names one (RFC 5627 §5.1). undefined: none that is called. */
  addressed(uri: SipUri, domain: string): Addressed | undefined {
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

  /** By its registrations. Where one of them names another account of ours, that one is asked (RFC 3261 §16.5). */
  of({ account, fits }: Addressed): readonly ProxyTarget[] {
    const { location, flows } = this.#services;
    const targets = bindingTargets(location.lookup(account.aor), fits, flows);
    return targets.some(({ uri }) => this.#isOurs(uri)) ? this.#followed(account.aor, targets) : targets;
  }

  #followed(aor: string, targets: readonly ProxyTarget[]): ProxyTarget[] {
    const { location, flows } = this.#services;
    const seen = new Set([aor]);
    const places: ProxyTarget[] = [];
    const visit = (target: ProxyTarget, q: number, of: string): void => {
      const found = this.#isOurs(target.uri) ? this.addressed(target.uri, target.uri.host) : undefined;
      if (found === undefined || found.account.aor === of) {
        places.push({ ...target, q });
        return;
      }
      const next = found.account.aor;
      if (seen.has(next) || seen.size >= maxAccounts) return;
      seen.add(next);
      for (const one of bindingTargets(location.lookup(next), found.fits, flows)) visit(one, q, next);
    };
    for (const target of targets) visit(target, target.q, aor);
    return places;
  }

  /** Another port of the same host may be the telephone's. */
  #isOurs({ host, port }: SipUri): boolean {
    const { users, transport } = this.#services;
    return users.isLocal(host) && (port === undefined || transport.isOwnAddress(host, port));
  }
}
