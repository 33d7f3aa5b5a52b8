import type { HeaderLine } from '../../message/field-text.ts';
import { HeaderId } from '../../message/header-id.ts';
import { knownMethods } from '../../message/methods.ts';
import type { Incoming } from '../../proxy/incoming.ts';
import type { TransportLayer } from '../../transport/transport-layer.ts';
import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';
import type { LocalUsers } from '../local-users.ts';

const allow = knownMethods.join(', ');
const supported = ['path', 'outbound', 'gruu'];
/** What OPTIONS are answered with. */
export const abilities: { readonly headers: readonly HeaderLine[] } = {
  headers: [
    [HeaderId.Allow, allow],
    [HeaderId.Accept, 'application/sdp'],
    // RFC 3261 §11.2: those that are not there mean the same.
    ['Accept-Encoding', 'identity'],
    ['Accept-Language', 'en'],
    [HeaderId.Supported, supported.join(', ')],
  ],
};

/** The request names this server itself: no user, and a domain or address of ours. */
export function isForThisServer(
  { requestUri, nextRoute }: Incoming,
  users: LocalUsers,
  transport: Pick<TransportLayer, 'isOwnAddress'>,
): boolean {
  if (requestUri === undefined || requestUri.user !== undefined || nextRoute !== undefined) return false;
  return users.isLocal(requestUri.host) || transport.isOwnAddress(requestUri.host, requestUri.port);
}

/** A balancer that is told no asks again soon anyway. */
const retryAfterS = '10';

/** Some load balancers ask with a method OPTION, which there is not: it is taken for one at the address that they ask. */
function isProbe({ method, requestUri }: Incoming, transport: Pick<TransportLayer, 'isOwnAddress'>): boolean {
  if (method === 'OPTIONS') return true;
  return method === 'OPTION' && requestUri !== undefined && transport.isOwnAddress(requestUri.host, requestUri.port);
}

/**
 * RFC 3261 §11: OPTIONS to the server, which is how it is asked whether it lives, and takes calls. Answered before anything
 * is asked about the sender, and without a transaction.
 */
export function answerOptions(
  answerer: Answerer,
  users: LocalUsers,
  transport: TransportLayer,
  notReady: () => string | undefined = () => undefined,
): Link {
  return (incoming) => {
    if (!isProbe(incoming, transport) || !isForThisServer(incoming, users, transport)) return 'next';
    if (notReady() !== undefined)
      return answerer.answer(incoming, 503, { headers: [[HeaderId.RetryAfter, retryAfterS]] });
    const wanted = incoming.message.elements(HeaderId.Require).filter((tag) => !supported.includes(tag.toLowerCase()));
    if (wanted.length > 0) {
      return answerer.answer(incoming, 420, { headers: [[HeaderId.Unsupported, wanted.join(', ')]] });
    }
    return answerer.answer(incoming, 200, abilities);
  };
}

/** What else is said to the server itself: nothing that it does (RFC 3261 §8.2.1). */
export function refuseOther(answerer: Answerer, users: LocalUsers, transport: TransportLayer): Link {
  return (incoming) => {
    if (!isForThisServer(incoming, users, transport)) return 'next';
    if (incoming.isInDialog) return answerer.answer(incoming, 481);
    if (incoming.method === 'INVITE') return answerer.answer(incoming, 404);
    return answerer.answer(incoming, 405, { headers: [[HeaderId.Allow, 'OPTIONS, REGISTER']] });
  };
}
