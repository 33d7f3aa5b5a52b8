import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { LocalUsers } from './local-users.ts';

/**
 * The domain to look the user of a Request-URI up in; undefined: it is none of ours. A user at an address of ours is taken to be
 * of the sender's own domain.
 */
export function localDomainOf(
  message: SipMessage,
  uri: SipUri,
  users: Pick<LocalUsers, 'isLocal'>,
  transport: Pick<TransportLayer, 'isOwnAddress'>,
): string | undefined {
  if (users.isLocal(uri.host)) return uri.host;
  if (!transport.isOwnAddress(uri.host, uri.port)) return undefined;
  return message.from().uri?.host ?? uri.host;
}
