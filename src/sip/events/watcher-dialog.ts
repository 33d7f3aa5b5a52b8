import { ownText } from '../message/characters.ts';
import type { HeaderLine } from '../message/field-text.ts';
import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import type { SipMessage } from '../message/sip-message.ts';
import { parseSipUri } from '../message/sip-uri.ts';
import type { Hop } from '../transport/hop.ts';
import { targetOf, type Target } from '../transport/target.ts';
import type { Way } from './request-sender.ts';

/** The dialog of a subscription, seen from the notifier (RFC 3261 §12.1.1). */
export class WatcherDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Our Contact: the address that was subscribed to; our Record-Route says how to come here. */
  readonly localTarget: string;
  readonly #recordRoute: string;
  readonly #local: string;
  readonly #remote: string;
  readonly #routes: readonly string[];
  #remoteTarget: string;
  #flow: Target;
  #localCseq = 0;
  #remoteCseq: number;

  private constructor(message: SipMessage, hop: Hop, localTag: string, recordRoute: string, remoteTarget: string) {
    this.callId = ownText(message.callId());
    this.localTag = localTag;
    this.remoteTag = ownText(message.from().tag ?? '');
    this.localTarget = ownText(message.requestUriText());
    this.#recordRoute = recordRoute;
    this.#local = `${ownText(message.value(HeaderId.To) ?? '')};tag=${localTag}`;
    this.#remote = ownText(message.value(HeaderId.From) ?? '');
    this.#routes = message.elements(HeaderId.RecordRoute).map(ownText);
    this.#remoteTarget = remoteTarget;
    this.#flow = targetOf(hop);
    this.#remoteCseq = message.cseq().number;
  }

  /** undefined: the SUBSCRIBE has no Contact that could be sent to. */
  static from(message: SipMessage, hop: Hop, localTag: string, recordRoute: string): WatcherDialog | undefined {
    const contact = contactOf(message);
    return contact === undefined ? undefined : new WatcherDialog(message, hop, localTag, recordRoute, contact);
  }

  /** RFC 3261 §12.2.2: false for a request that is older than one before. */
  takes(message: SipMessage, hop: Hop): boolean {
    const { number } = message.cseq();
    if (number <= this.#remoteCseq) return false;
    this.#remoteCseq = number;
    this.#remoteTarget = contactOf(message) ?? this.#remoteTarget;
    this.#flow = targetOf(hop);
    return true;
  }

  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  /** What every request of ours in this dialog begins with. */
  nextHeaders(method: string): HeaderLine[] {
    return [
      ...this.#routes.map((route): HeaderLine => [HeaderId.Route, route]),
      [HeaderId.RecordRoute, this.#recordRoute],
      [HeaderId.From, this.#local],
      [HeaderId.To, this.#remote],
      [HeaderId.CallId, this.callId],
      [HeaderId.CSeq, `${++this.#localCseq} ${method}`],
      [HeaderId.Contact, `<${this.localTarget}>`],
    ];
  }

  /** Straight back on the flow where nobody was between; else to the next proxy. */
  way(): Way {
    const route = this.#routes[0];
    if (route === undefined) return { flow: this.#flow, uri: parseSipUri(this.#remoteTarget) };
    const parsed = parseNameAddr(route, 0, route.length, 'Route');
    return { flow: undefined, uri: parsed instanceof Malformed ? undefined : parsed.uri };
  }
}

function contactOf(message: SipMessage): string | undefined {
  const contacts = message.contacts();
  if (contacts === '*' || contacts instanceof Malformed) return undefined;
  const uri = contacts[0]?.uri;
  return uri === undefined ? undefined : ownText(uri.toString());
}
