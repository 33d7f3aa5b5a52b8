import { parseDecimal } from './characters.ts';
import { HeaderId } from './header-id.ts';
import { Malformed } from './malformed.ts';
import type { SipMessage } from './sip-message.ts';
import { parseValued, type Valued } from './valued.ts';

/** RFC 6665 §8.2.1. Two subscriptions are the same only with the same package and id. */
export interface EventField {
  /** With its template: `presence`, `presence.winfo`. Case matters. */
  readonly package: string;
  readonly id: string | undefined;
  readonly params: Valued;
}

/** Undefined where there is none. */
export function eventField(message: SipMessage): EventField | Malformed | undefined {
  const value = message.value(HeaderId.Event);
  if (value === undefined) return undefined;
  const params = parseValued(value);
  return params instanceof Malformed ? params : { package: params.value, id: params.param('id'), params };
}

/** RFC 6665 §8.2.3. */
export interface SubscriptionStateField {
  /** In lower case: `active`, `pending`, `terminated`, or an extension. */
  readonly state: string;
  /** Why it ended, in lower case. */
  readonly reason: string | undefined;
  readonly expiresS: number | undefined;
  readonly retryAfterS: number | undefined;
}

export function subscriptionState(message: SipMessage): SubscriptionStateField | Malformed | undefined {
  const value = message.value(HeaderId.SubscriptionState);
  if (value === undefined) return undefined;
  const valued = parseValued(value);
  if (valued instanceof Malformed) return valued;
  return {
    state: valued.value.toLowerCase(),
    reason: valued.param('reason')?.toLowerCase(),
    expiresS: seconds(valued.param('expires')),
    retryAfterS: seconds(valued.param('retry-after')),
  };
}

/** Event packages and the like, in lower case: of Allow-Events, Supported, Require, Allow, … */
export function tokensOf(message: SipMessage, id: HeaderId): string[] {
  return message.elements(id).map((element) => element.toLowerCase());
}

/** Does a list field have this element? `token` in lower case. */
export function hasToken(message: SipMessage, id: HeaderId, token: string): boolean {
  return message.has(id) && tokensOf(message, id).includes(token);
}

/** Media types of Accept in lower case without parameters; undefined where there is no Accept. */
export function acceptedTypes(message: SipMessage): string[] | undefined {
  if (!message.has(HeaderId.Accept)) return undefined;
  return message.elements(HeaderId.Accept).flatMap((element) => {
    const type = parseValued(element);
    return type instanceof Malformed ? [] : [type.value.toLowerCase()];
  });
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = parseDecimal(text, 0, text.length);
  return value < 0 ? undefined : value;
}
