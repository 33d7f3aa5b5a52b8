import type { Answerer } from '../answerer.ts';
import type { Link } from '../link.ts';

/** RFC 3261 §16.3 item 3. What is addressed to this server itself has been answered by now, whatever it says. */
export function limitHops(answerer: Answerer): Link {
  return (incoming) => (incoming.message.maxForwards() === 0 ? answerer.answer(incoming, 483) : 'next');
}
