import { silentLogger, type Logger } from '#base';
import type { Random } from '#io';
import { serialiseDate } from '../message/date-field.ts';
import type { HeaderLine } from '../message/field-text.ts';
import { HeaderId } from '../message/header-id.ts';
import { parseSipUri } from '../message/sip-uri.ts';
import type { Binding } from '../registrar/binding.ts';
import type { LocationService } from '../registrar/location-service.ts';
import type { KeptMessage, MessageStore } from './message-store.ts';
import type { RequestSender, Way } from './request-sender.ts';

export interface DeliveryServices {
  readonly random: Random;
  readonly logger?: Logger;
  readonly messages: MessageStore;
  readonly location: Pick<LocationService, 'lookup'>;
  readonly sender: Pick<RequestSender, 'send'>;
  /** This member is the one that reaches the binding, so that no other delivers too. */
  readonly isMine: (aor: string, binding: Binding) => boolean;
}

const ID_BYTES = 6;

/** Brings messages that have waited to accounts that have come back: in order, and each once. */
export class MessageDelivery {
  readonly #services: DeliveryServices;
  readonly #logger: Logger;
  /** Accounts that messages are on their way to; true: look once more afterwards. */
  readonly #delivering = new Map<string, boolean>();

  constructor(services: DeliveryServices) {
    this.#services = services;
    this.#logger = services.logger ?? silentLogger;
  }

  /** An account has a contact, perhaps a new one: what waits for it is sent there. */
  begin(aor: string): void {
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
        if (isAskedAgain) this.begin(aor);
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

  /**
   * To each contact; true as soon as one of them has it: a contact where nobody is must not hold up the next message. A
   * refusal for good (RFC 3428 §7: 4xx, 6xx) by the one that spoke ends it, too.
   */
  #send({ message }: KeptMessage, bindings: readonly Binding[]): Promise<boolean> {
    const { sender, random } = this.#services;
    const callId = random.bytes(ID_BYTES * 2).toString('hex');
    const tag = random.bytes(ID_BYTES).toString('hex');
    const body = Buffer.from(message.body, 'base64');
    return new Promise((resolve) => {
      let pending = bindings.length;
      let isRefused = false;
      for (const [index, binding] of bindings.entries()) {
        const headers: HeaderLine[] = [
          ...binding.path.map((route): HeaderLine => [HeaderId.Route, route]),
          [HeaderId.From, `${message.from};tag=${tag}`],
          [HeaderId.To, message.to],
          [HeaderId.CallId, `${callId}-${index}`],
          [HeaderId.CSeq, '1 MESSAGE'],
          [HeaderId.Date, serialiseDate(message.receivedAtMs)],
        ];
        const { contentType } = message;
        const request = { method: 'MESSAGE', requestUri: binding.uri, headers, body, contentType };
        sender.send(request, wayTo(binding), (response) => {
          const status = response?.status ?? 0;
          if (status >= 200 && status < 300) resolve(true);
          isRefused ||= isFinalRefusal(status);
          if (--pending === 0) resolve(isRefused);
        });
      }
    });
  }
}

/** 408, 480, 5xx: perhaps later. A telephone that knows no MESSAGE never will; whoever refuses it does not want it. */
const isFinalRefusal = (status: number): boolean =>
  (status >= 400 && status < 500 && status !== 408 && status !== 430 && status !== 480) ||
  status === 603 ||
  status === 606;

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
