import { parseIpAddress } from '#base';
import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { FarmSockets } from './farm.ts';

/**
 * "Does this very server live?": a Request-URI without a user, and at most one Route, that name an address of this machine.
 * OPTIONS to an address of the load balancer is answered by whoever gets it.
 */
export function isHealthCheck(
  message: SipMessage,
  transport: Pick<FarmSockets, 'isOwnAddress' | 'isThisServer'>,
): boolean {
  const uri = message.requestUri();
  if (uri === undefined || uri.user !== undefined || parseIpAddress(uri.host) === undefined) return false;
  const { method } = message;
  const isProbe = method === 'OPTIONS' || method === 'OPTION';
  const isNamed = isProbe ? transport.isOwnAddress(uri.host, uri.port) : transport.isThisServer(uri.host, uri.port);
  if (!isNamed || !message.has(HeaderId.Route)) return isNamed;
  const routes = message.routes();
  const route = routes instanceof Malformed || routes.length > 1 ? undefined : routes[0]?.uri;
  if (route === undefined || parseIpAddress(route.host) === undefined) return false;
  return transport.isOwnAddress(route.host, route.port);
}
