import type { Incoming } from '../../proxy/incoming.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { TransportLayer } from '../../transport/transport-layer.ts';
import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';
import type { LocalUsers } from '../local-users.ts';

/** The registrar (RFC 3261 §10.3), for requests whose sender is known. Answers in the transaction, now or later. */
export interface RegisterHandler {
  handle(transaction: ServerTransaction, incoming: Incoming): void;
}

/** REGISTER for a domain of ours; those for others are forwarded, or not, like any request. */
export function registerContacts(
  answerer: Answerer,
  users: LocalUsers,
  transport: Pick<TransportLayer, 'isOwnAddress'>,
  registrar: RegisterHandler,
  accept: (incoming: Incoming) => ServerTransaction | undefined,
): Link {
  return (incoming) => {
    const { method, requestUri, nextRoute, message } = incoming;
    if (method !== 'REGISTER' || requestUri === undefined || nextRoute !== undefined) return 'next';
    const isOurs = users.isLocal(requestUri.host) || transport.isOwnAddress(requestUri.host, requestUri.port);
    if (!isOurs) return 'next';
    const to = message.to().uri;
    if (to === undefined) return answerer.answer(incoming, 400, { reason: 'Bad Request: To names no SIP URI' });
    if (!users.isLocal(to.host)) return answerer.answer(incoming, 404);
    incoming.transaction = accept(incoming);
    if (incoming.transaction !== undefined) registrar.handle(incoming.transaction, incoming);
    return 'answered';
  };
}
