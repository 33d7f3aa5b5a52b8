import { silentLogger, type Logger } from '#base';
import type { Clock, Random } from '#io';
import type { AgentRequest } from '../core/account-agent.ts';
import { ownText } from '../message/characters.ts';
import { serialiseDate } from '../message/date-field.ts';
import type { HeaderLine } from '../message/field-text.ts';
import { HeaderId } from '../message/header-id.ts';
import { mediaType } from '../message/session-fields.ts';
import { parseSipUri } from '../message/sip-uri.ts';
import type { Binding } from '../registrar/binding.ts';
import type { LocationService } from '../registrar/location-service.ts';
import { answer } from './answering.ts';
import { eventLimits } from './limits.ts';
import type { KeptMessage, MessageStore } from './message-store.ts';
import type { RequestSender, Way } from './request-sender.ts';

export interface MessageServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly messages: MessageStore;
  readonly location: Pick<LocationService, 'lookup'>;
  readonly sender: Pick<RequestSender, 'send'>;
  /** This member is the one that reaches the binding, so that no other delivers too. */
  readonly isMine: (aor: string, binding: Binding) => boolean;
}

const ID_BYTES = 6;
/** RFC 3994: that somebody is writing is of no interest later. */
const fleetingTypes: ReadonlySet<string> = new Set(['application/im-iscomposing+xml']);

/** MESSAGE (RFC 3428) to those who are away: kept, and delivered in order when they come back. */
export class MessageRequests {
  readonly #services: MessageServices;
  readonly #logger: Logger;
  /** Accounts that messages are on their way to; true: look once more afterwards. */
  readonly #delivering = new Map<string, boolean>();

  constructor(services: MessageServices) {
    this.#services = services;
    this.#logger = services.logger ?? silentLogger;
  }

  /** False: it is forwarded, or refused as any request to somebody who is away. */
  take(request: AgentRequest): boolean {
    const { message, account, sender, isTrusted, isReachable } = request;
    const { messages } = this.#services;
    // What strangers send is not kept: it is they who would fill the store.
    const isWelcome = isTrusted || sender !== undefined;
    const isKeepable =
      message.bodyLength <= eventLimits.messageMaxBytes &&
      message.expires() !== 0 &&
      !fleetingTypes.has(mediaType(message) ?? '') &&
      !message.has(HeaderId.Require);
    if (isReachable || !isWelcome || !isKeepable || !messages.hasRoom(account.aor)) return false;
    this.#keep(request);
    return true;
  }

  #keep(request: AgentRequest): void {
    const { clock, random, messages } = this.#services;
    const { message, account } = request;
    const transaction = request.accept();
    if (transaction === undefined) return;
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
    messages.keep(account.aor, waiting, random.bytes(ID_BYTES).toString('hex')).then(
      () => {
        answer(request, transaction, { status: 202 });
        // The receiver may have come back meanwhile
        this.registered(account.aor);
      },
      (error: unknown) => {
        this.#logger.warn({ aor: account.aor, err: error }, 'a message for somebody who is away could not be stored');
        answer(request, transaction, { status: 480 });
      },
    );
  }

  /** An account has a contact, perhaps a new one: what waits for it is sent there. */
  registered(aor: string): void {
    if (this.#services.messages.count(aor) === 0) return;
    if (this.#delivering.has(aor)) {
      this.#delivering.set(aor, true);
      return;
    }
    this.#delivering.set(aor, false);
    this.#deliver(aor)
      .catch((error: unknown) => {
        this.#logger.warn(
          { aor, err: error },
          'messages that wait for an account stay in the store until it registers again',
        );
      })
      .finally(() => {
        const isAskedAgain = this.#delivering.get(aor) === true;
        this.#delivering.delete(aor);
        if (isAskedAgain) this.registered(aor);
      });
  }

  /** In order; ends at the first one that nobody takes. */
  async #deliver(aor: string): Promise<void> {
    const { location, messages, isMine } = this.#services;
    const bindings = location.lookup(aor).filter((binding) => isMine(aor, binding));
    if (bindings.length === 0) return;
    for (const kept of await messages.list(aor)) {
      if (!(await this.#send(kept, bindings))) return;
      await messages.remove(kept.key);
    }
  }

  /** To each contact; true: one of them has it. A refusal for good (RFC 3428 §7: 4xx, 6xx) ends it, too. */
  async #send({ message }: KeptMessage, bindings: readonly Binding[]): Promise<boolean> {
    const { sender, random } = this.#services;
    const callId = random.bytes(ID_BYTES * 2).toString('hex');
    const tag = random.bytes(ID_BYTES).toString('hex');
    const statuses = await Promise.all(
      bindings.map(
        (binding, index) =>
          new Promise<number>((resolve) => {
            const headers: HeaderLine[] = [
              ...binding.path.map((route): HeaderLine => [HeaderId.Route, route]),
              [HeaderId.From, `${message.from};tag=${tag}`],
              [HeaderId.To, message.to],
              [HeaderId.CallId, `${callId}-${index}`],
              [HeaderId.CSeq, '1 MESSAGE'],
              [HeaderId.Date, serialiseDate(message.receivedAtMs)],
            ];
            const body = Buffer.from(message.body, 'base64');
            const request = {
              method: 'MESSAGE',
              requestUri: binding.uri,
              headers,
              body,
              contentType: message.contentType,
            };
            sender.send(request, wayTo(binding), (response) => resolve(response?.status ?? 0));
          }),
      ),
    );
    return statuses.some((status) => status >= 200 && status < 300) || statuses.some(isFinalRefusal);
  }
}

/** 408, 480, 5xx: perhaps later. A telephone that knows no MESSAGE never will; whoever refuses it does not want it. */
const isFinalRefusal = (status: number): boolean =>
  (status >= 400 && status < 500 && status !== 408 && status !== 480) || status === 603 || status === 606;

function wayTo({ uri, path, flow }: Binding): Way {
  const first = path[0];
  if (first !== undefined) return { flow: undefined, uri: parseSipUri(first.replace(/^[^<]*<|>.*$/g, '')) };
  const ofFlow =
    flow === undefined
      ? undefined
      : {
          transport: flow.transport,
          address: flow.address,
          port: flow.port,
          socketId: flow.socketId,
          ...(flow.connectionId !== 0 && { connectionId: flow.connectionId }),
        };
  return { flow: ofFlow, uri: parseSipUri(uri) };
}

/** Name and address for a new dialog. */
function withoutTag(address: { readonly displayName: string; readonly uriText: string; toString(): string }): string {
  const text = address.toString();
  const open = text.indexOf('<');
  return ownText(open < 0 ? `<${address.uriText}>` : `${text.slice(0, open)}<${address.uriText}>`);
}
