import { silentLogger, type Logger } from '#base';
import type { Clock, Random } from '#io';
import type { AgentRequest } from '../core/account-agent.ts';
import { ownText } from '../message/characters.ts';
import { HeaderId } from '../message/header-id.ts';
import { mediaType } from '../message/session-fields.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { StandIn } from '../proxy/stand-in.ts';
import type { LocationService } from '../registrar/location-service.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { answer } from './answering.ts';
import { eventLimits } from './limits.ts';
import type { MessageDelivery } from './message-delivery.ts';
import type { MessageStore } from './message-store.ts';

export interface MessageServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly messages: MessageStore;
  readonly location: Pick<LocationService, 'lookup'>;
  readonly delivery: Pick<MessageDelivery, 'begin'>;
}

const ID_BYTES = 6;
/** RFC 3994: that somebody is writing is of no interest later. */
const fleetingTypes: ReadonlySet<string> = new Set(['application/im-iscomposing+xml']);

/** MESSAGE (RFC 3428) to those who are away, or do not answer: kept, and delivered in order when they come back. */
export class MessageRequests {
  readonly #services: MessageServices;
  readonly #logger: Logger;

  constructor(services: MessageServices) {
    this.#services = services;
    this.#logger = services.logger ?? silentLogger;
  }

  /** False: it is forwarded, or refused as any request to somebody who is away. */
  take(request: AgentRequest): boolean {
    const { message, account, sender, isTrusted, isReachable } = request;
    const { messages, delivery } = this.#services;
    // What strangers send is not kept: it is they who would fill the store.
    const isWelcome = isTrusted || sender !== undefined;
    if (!isWelcome || !isKeepable(message) || !messages.hasRoom(account.aor)) return false;
    // After those that wait already, not past them.
    if (!isReachable || messages.count(account.aor) > 0) {
      const transaction = request.accept();
      if (transaction === undefined) return true;
      // The receiver may have come back meanwhile.
      void this.#keep(request, transaction).then((key) => key !== undefined && delivery.begin(account.aor));
      return true;
    }
    request.appoint(this.#standIn(request));
    return false;
  }

  /** What happens when nobody takes the message that is forwarded. */
  #standIn(request: AgentRequest): StandIn {
    const { messages, location, delivery } = this.#services;
    const { aor } = request.account;
    const before = location.lookup(aor);
    let kept: Promise<string | undefined> = Promise.resolve(undefined);
    return {
      patienceMs: eventLimits.messagePatienceMs,
      takesOver: (transaction) => {
        if (!messages.hasRoom(aor)) return false;
        kept = this.#keep(request, transaction);
        // At those contacts it has just been.
        void kept.then((key) => key !== undefined && location.lookup(aor) !== before && delivery.begin(aor));
        return true;
      },
      wasReachedLate: () => {
        void kept.then((key) => (key === undefined ? undefined : messages.remove(key))).catch(this.#stays(aor));
      },
    };
  }

  /** Resolves with its key after it was answered; undefined: it could not be stored. Never rejects. */
  async #keep(request: AgentRequest, transaction: ServerTransaction): Promise<string | undefined> {
    const { clock, random, messages } = this.#services;
    const { message, account } = request;
    const nowMs = clock.wallMs();
    const keptS = Math.min(message.expires() ?? eventLimits.messageKeptS, eventLimits.messageKeptS);
    const waiting = {
      from: withoutTag(message.from()),
      to: withoutTag(message.to()),
      contentType: message.value(HeaderId.ContentType) ?? 'text/plain',
      body: message.body().toString('base64'),
      receivedAtMs: nowMs,
      expiresAtMs: nowMs + keptS * 1000,
    };
    try {
      const key = await messages.keep(account.aor, waiting, random.bytes(ID_BYTES).toString('hex'));
      answer(request, transaction, { status: 202 });
      return key;
    } catch (error) {
      this.#logger.warn({ aor: account.aor, err: error }, 'a message for somebody who is away could not be stored');
      answer(request, transaction, { status: 480 });
      return undefined;
    }
  }

  #stays(aor: string): (error: unknown) => void {
    return (error) => {
      this.#logger.warn(
        { aor, err: error },
        'a message that was delivered late is still in the store, and comes again',
      );
    };
  }
}

function isKeepable(message: SipMessage): boolean {
  return (
    message.bodyLength <= eventLimits.messageMaxBytes &&
    message.expires() !== 0 &&
    !fleetingTypes.has(mediaType(message) ?? '') &&
    !message.has(HeaderId.Require) &&
    // It is not known by what way it will go, and for this one any other than TLS is wrong (RFC 3261 §26.2.2).
    message.requestUriScheme() !== 'sips'
  );
}

/** Name and address for a new dialog. */
function withoutTag(address: { readonly displayName: string; readonly uriText: string; toString(): string }): string {
  const text = address.toString();
  const open = text.indexOf('<');
  return ownText(open < 0 ? `<${address.uriText}>` : `${text.slice(0, open)}<${address.uriText}>`);
}
