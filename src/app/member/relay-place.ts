import type { RelayPlace } from '#sip';
import { parseEndpoints } from '../cluster/endpoints.ts';
import { defaultBusPort } from '../config/cluster-section.ts';
import type { Config } from '../config/sections.ts';
import type { Seat } from './seat.ts';

/**
 * Where other members hand SIP messages over: by UDP at the numbers that the bus has by TCP, so that a firewall between them
 * has one rule. Threads of a server that stands alone need no number that anybody else knows. `busAddress` as in `ClusterSeat`.
 */
export function relayPlace(config: Pick<Config, 'sip' | 'cluster'>, seat: Seat, busAddress: string): RelayPlace {
  const { relayListen } = config.sip;
  const [bus] = config.cluster.bus ?? [];
  const announced = parseEndpoints([busAddress])[0]?.host ?? '';
  if (relayListen !== undefined) return { host: relayListen.host, port: relayListen.port + seat.index, announced };
  if (announced === '') return { host: undefined, port: 0, announced };
  return { host: bus?.host, port: (bus?.port ?? defaultBusPort) + seat.index, announced };
}
