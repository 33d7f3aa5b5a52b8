import type { SipUri } from '../message/sip-uri.ts';
import type { Hop } from '../transport/hop.ts';
import type { Incoming } from './incoming.ts';

/** Whom a URI names. */
export type NamedUser = Pick<SipUri, 'scheme' | 'user' | 'host'>;

/** An INVITE that makes a dialog, as it came. Its texts may keep the whole message: what outlives it is copied. */
export interface CallBegin {
  readonly callId: string;
  readonly fromTag: string;
  /** URIs as written. */
  readonly from: string;
  readonly to: string;
  readonly requestUri: string;
  readonly hop: Hop;
  /** `user@domain` of who sends it, proven. */
  readonly account: string | undefined;
  /** Whom From and the Request-URI name; undefined: nothing that is read here. */
  readonly caller: NamedUser | undefined;
  readonly callee: NamedUser | undefined;
}

export function callBeginOf({ message, hop, account }: Incoming): CallBegin {
  const from = message.from();
  return {
    callId: message.callId(),
    fromTag: from.tag ?? '',
    from: from.uriText,
    to: message.to().uriText,
    requestUri: message.requestUriText(),
    hop,
    account: account?.aor,
    caller: from.uri,
    callee: message.requestUri(),
  };
}
