import type { Random } from '#io';
import type { AgentRequest } from '../core/account-agent.ts';
import { ownText } from '../message/characters.ts';
import { acceptedTypes, eventField, type EventField } from '../message/event-fields.ts';
import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { Hop } from '../transport/hop.ts';
import { targetOf } from '../transport/target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import { answer, type AgentAnswer } from './answering.ts';
import type { EventPackage } from './event-package.ts';
import { eventLimits } from './limits.ts';
import type { Subscriptions } from './subscriptions.ts';
import { WatcherDialog } from './watcher-dialog.ts';

export interface SubscribeServices {
  readonly packages: ReadonlyMap<string, EventPackage>;
  readonly subscriptions: Subscriptions;
  readonly transport: Pick<TransportLayer, 'viaFor'>;
  /** See `AgentConnection`. */
  readonly routeParameter?: string;
  readonly random: Random;
}

const TAG_BYTES = 8;

/** RFC 6665 §4.2.1: SUBSCRIBE requests for the packages that this server answers for. */
export class SubscribeRequests {
  readonly #services: SubscribeServices;

  constructor(services: SubscribeServices) {
    this.#services = services;
  }

  /** False: it is for the account's own devices. */
  take(request: AgentRequest): boolean {
    const { message, isReachable } = request;
    const event = eventField(message);
    const eventPackage = event === undefined || event instanceof Malformed ? undefined : this.#packageOf(event);
    if (eventPackage === undefined && isReachable && event !== undefined) return false;
    const transaction = request.accept();
    if (event === undefined || event instanceof Malformed || eventPackage === undefined) {
      answer(request, transaction, {
        status: 489,
        headers: [[HeaderId.AllowEvents, [...this.#services.packages.keys()].join(', ')]],
      });
      return true;
    }
    const isInDialog = message.to().tag !== undefined;
    const refusal = refusalOf(request, eventPackage);
    if (refusal !== undefined) answer(request, transaction, refusal);
    else if (isInDialog) this.#refresh(request, transaction, event);
    else this.#begin(request, transaction, event, eventPackage);
    return true;
  }

  #packageOf(event: EventField): EventPackage | undefined {
    return this.#services.packages.get(event.package);
  }

  #begin(
    request: AgentRequest,
    transaction: ReturnType<AgentRequest['accept']>,
    event: EventField,
    eventPackage: EventPackage,
  ): void {
    const { subscriptions, random } = this.#services;
    const { message, hop, account, sender } = request;
    if (subscriptions.isFull(eventPackage.name, account.aor)) {
      answer(request, transaction, {
        status: 503,
        reason: 'Too many subscriptions',
        headers: [[HeaderId.RetryAfter, '60']],
      });
      return;
    }
    const localTag = random.bytes(TAG_BYTES).toString('hex');
    const recordRoute = this.#recordRoute(hop);
    const dialog = WatcherDialog.from(message, hop, localTag, recordRoute);
    if (dialog === undefined) {
      answer(request, transaction, { status: 400, reason: 'Bad Request: SUBSCRIBE without a Contact to send to' });
      return;
    }
    if (transaction === undefined) return;
    const expiresS = grantedS(message);
    answer(request, transaction, { ...granted(expiresS, dialog), toTag: localTag, recordRoute });
    const { callId, remoteTag } = dialog;
    const key = keyOf(callId, localTag, remoteTag, event);
    const value = ownText(message.value(HeaderId.Event) ?? '');
    const watch = { key, aor: account.aor, watcher: sender?.aor, package: eventPackage, event: value, dialog };
    subscriptions.add(watch, expiresS);
  }

  #refresh(request: AgentRequest, transaction: ReturnType<AgentRequest['accept']>, event: EventField): void {
    const { subscriptions } = this.#services;
    const { message, hop } = request;
    const watch = subscriptions.find(keyOf(message.callId(), message.to().tag ?? '', message.from().tag ?? '', event));
    if (watch === undefined) {
      answer(request, transaction, { status: 481 });
    } else if (!watch.dialog.takes(message, hop)) {
      answer(request, transaction, { status: 500, reason: 'CSeq is not above the one before' });
    } else {
      const expiresS = grantedS(message);
      answer(request, transaction, granted(expiresS, watch.dialog));
      subscriptions.refresh(watch, expiresS);
    }
  }

  /** So that a refresh comes back to this very server, though its Request-URI is the address that is watched. */
  #recordRoute(hop: Hop): string {
    const { transport: layer, routeParameter = '' } = this.#services;
    const { sentBy, transport } = layer.viaFor(targetOf(hop));
    const parameter = transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`;
    return `<sip:${sentBy}${parameter};lr${routeParameter}>`;
  }
}

const keyOf = (callId: string, localTag: string, remoteTag: string, { package: name, id = '' }: EventField): string =>
  `${callId} ${localTag} ${remoteTag} ${name} ${id}`;

function granted(expiresS: number, { localTarget }: WatcherDialog): AgentAnswer {
  return {
    status: 200,
    headers: [
      [HeaderId.Expires, String(expiresS)],
      [HeaderId.Contact, `<${localTarget}>`],
    ],
  };
}

function grantedS(message: SipMessage): number {
  return Math.min(message.expires() ?? eventLimits.defaultExpiresS, eventLimits.maxExpiresS);
}

function refusalOf(
  { message, account, sender, isTrusted }: AgentRequest,
  eventPackage: EventPackage,
): AgentAnswer | undefined {
  const required = message.elements(HeaderId.Require);
  if (required.length > 0) return { status: 420, headers: [[HeaderId.Unsupported, required.join(', ')]] };
  if (!eventPackage.mayWatch({ account: sender, isTrusted }, account)) return { status: 403 };
  const expiresS = message.expires() ?? eventLimits.defaultExpiresS;
  if (expiresS > 0 && expiresS < eventLimits.minExpiresS) {
    return { status: 423, headers: [[HeaderId.MinExpires, String(eventLimits.minExpiresS)]] };
  }
  const accepted = acceptedTypes(message);
  const isUnderstood =
    accepted === undefined ||
    accepted.some((type) => type === eventPackage.contentType || type === '*/*' || type === 'application/*');
  return isUnderstood ? undefined : { status: 406, headers: [[HeaderId.Accept, eventPackage.contentType]] };
}
