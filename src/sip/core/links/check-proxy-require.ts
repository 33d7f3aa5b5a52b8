import { HeaderId } from '../../message/header-id.ts';
import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';

/** RFC 3261 §16.3 item 5, §20.29: what a proxy must be able to do for this request. We offer nothing beyond the RFC. */
export function checkProxyRequire(answerer: Answerer): Link {
  return (incoming) => {
    if (!incoming.message.has(HeaderId.ProxyRequire)) return 'next';
    const options = incoming.message.elements(HeaderId.ProxyRequire);
    return answerer.answer(incoming, 420, { headers: [[HeaderId.Unsupported, options.join(', ')]] });
  };
}
