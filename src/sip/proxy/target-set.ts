import type { SipUri } from '../message/sip-uri.ts';
import type { Target } from '../transport/target.ts';

/** One place that a request may be forwarded to (RFC 3261 §16.5). */
export interface ProxyTarget {
  readonly uri: SipUri;
  /** What becomes the Request-URI; undefined: it stays as it came. */
  readonly uriText: string | undefined;
  /** Elements to put before the Route field: the Path of a registration (RFC 3327 §5.3). */
  readonly routes: readonly string[];
  /** The flow that the registration came by (RFC 5626 §5.3): the request leaves there and nowhere else. */
  readonly flow: Target | undefined;
  /** The other party can be reached by `flow` only, in the dialog as well. */
  readonly isReachedByFlow: boolean;
  /** 0 … 1000, in thousandths. */
  readonly q: number;
  /** It is a registered contact, not somebody else's address. */
  readonly isBinding: boolean;
}

/** RFC 3261 §16.6: those of one q at once, the highest first. */
export function groupsByQ(targets: readonly ProxyTarget[]): ProxyTarget[][] {
  const only = targets[0];
  if (only === undefined) return [];
  if (targets.length === 1) return [[only]];
  const groups: ProxyTarget[][] = [];
  const sorted = targets.toSorted((a, b) => b.q - a.q);
  for (const target of sorted) {
    const last = groups.at(-1);
    if (last?.[0]?.q === target.q) last.push(target);
    else groups.push([target]);
  }
  return groups;
}
