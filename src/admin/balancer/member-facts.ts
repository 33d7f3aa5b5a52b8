import type { HostNetworkFacts } from '#io';
import { isIpv4 } from './ipv4.ts';
import { outerInterfaces } from './hosts/host-check.ts';

/** What one server of the cluster is, for its load balancer. */
export interface MemberFacts {
  /** Name of the server; its threads are one frontend. */
  readonly name: string;
  /** IPv4, of the interface by which the balancer reaches it; empty = none was found. */
  readonly address: string;
  readonly mac: string;
  readonly weight: number;
  /** New work goes to it. */
  readonly isReady: boolean;
  /** Users can log in there. */
  readonly takesLogins: boolean;
  /** It is a member of a SIP Farm. */
  readonly isInFarm: boolean;
  /** `none`, `nat` or `dsr`, as it was set. */
  readonly balancer: string;
  readonly virtualAddresses: readonly string[];
  /** Of them, those that are on this host. */
  readonly boundAddresses: readonly string[];
  readonly wanAddress: string;
  /** `10000-19999`; empty = not known. */
  readonly mediaPorts: string;
}

export interface ListenerFacts {
  /** Of the server. */
  readonly member: string;
  /** `udp`, `tcp`, `tls`, `ws`, `wss` are SIP's; `vpn` is a listener of the VPN server and of HTTPS. */
  readonly kind: string;
  readonly port: number;
}

/** Where a balancer reaches this host: at its public address if it has that itself, else at the first one it has. */
export function frontendAddress(
  facts: HostNetworkFacts,
  publicAddress: string,
  virtualAddresses: readonly string[],
): { readonly address: string; readonly mac: string } {
  const places = outerInterfaces(facts).flatMap(({ mac, addresses }) =>
    addresses
      .filter(({ address }) => isIpv4(address) && !virtualAddresses.includes(address) && !/^169\.254\./.test(address))
      .map(({ address }) => ({ address, mac })),
  );
  return places.find(({ address }) => address === publicAddress) ?? places[0] ?? { address: '', mac: '' };
}
