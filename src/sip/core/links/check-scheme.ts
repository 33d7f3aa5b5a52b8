import { parseSipUri } from '../../message/sip-uri.ts';
import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';
import type { LocalUsers } from '../local-users.ts';

/** RFC 3261 §16.3 item 2: sip and sips; tel where the number is that of an account (RFC 3966). Others get 416. */
export function checkScheme(answerer: Answerer, users: LocalUsers): Link {
  return (incoming) => {
    const { requestUri } = incoming;
    if (requestUri === undefined) return answerer.answer(incoming, 416);
    if (requestUri.scheme !== 'tel') return 'next';
    const account = users.accountOf(requestUri);
    const uri = account && parseSipUri(`sip:${account.aor}`);
    if (uri === undefined) return answerer.answer(incoming, 404);
    incoming.requestUri = uri;
    incoming.rewrittenUri = uri.toString();
    return 'next';
  };
}
