import type { Datagram } from '#io';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { Malformed } from '../../../src/sip/message/malformed.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { VIP } from './farm-member.ts';
import type { FarmWorld } from './farm-world.ts';

const T1 = 500;
export const T2 = 4000;
export const LONG = 64 * T1;

/** Sends something again and again until it is told to stop, as RFC 3261 says for UDP. */
class Repeater {
  readonly #world: FarmWorld;
  readonly #send: () => void;
  readonly #gaveUp: () => void;
  readonly #longestMs: number;
  #isOver = false;

  constructor(world: FarmWorld, longestMs: number, send: () => void, gaveUp: () => void = () => undefined) {
    this.#world = world;
    this.#send = send;
    this.#gaveUp = gaveUp;
    this.#longestMs = longestMs;
    this.#round(T1, 0);
  }

  stop(): void {
    this.#isOver = true;
  }

  #round(waitMs: number, passedMs: number): void {
    if (this.#isOver) return;
    if (passedMs >= LONG) {
      this.#isOver = true;
      this.#gaveUp();
      return;
    }
    this.#send();
    this.#world.clock.after(waitMs, () => this.#round(Math.min(waitMs * 2, this.#longestMs), passedMs + waitMs));
  }
}

/** One socket that speaks SIP with the farm's virtual address. What is wrong with what it hears goes into `faults`. */
export abstract class FarmPhone {
  readonly world: FarmWorld;
  readonly address: string;
  readonly faults: string[];
  readonly heard: SipMessage[] = [];
  #socket: Datagram | undefined;

  constructor(world: FarmWorld, address: string, faults: string[]) {
    this.world = world;
    this.address = address;
    this.faults = faults;
  }

  async open(): Promise<this> {
    this.#socket = await this.world.network.machine(this.address).bind({ host: this.address, port: 5060 });
    this.#socket.receive({
      received: (bytes, address) => {
        const message = decodeMessage(bytes);
        if (!(message instanceof SipMessage)) throw new Error(`a phone got a bad message: ${message.reason}`);
        if (address !== VIP) this.faults.push(`${message.method} came from ${address}, not from the virtual address`);
        this.heard.push(message);
        this.take(message);
      },
    });
    return this;
  }

  put(text: string): void {
    this.#socket?.send(Buffer.from(text, 'latin1'), VIP, 5060);
  }

  repeat(text: string, longestMs: number, gaveUp?: () => void): { stop(): void } {
    return new Repeater(this.world, longestMs, () => this.put(text), gaveUp);
  }

  abstract take(message: SipMessage): void;

  responseText(request: SipMessage, status: number, toTag: string): string {
    const to = request.value(HeaderId.To) ?? '';
    return [
      `SIP/2.0 ${status} Reason`,
      ...request.values(HeaderId.Via).map((via) => `Via: ${via}`),
      ...request.values(HeaderId.RecordRoute).map((route) => `Record-Route: ${route}`),
      `From: ${request.value(HeaderId.From) ?? ''}`,
      `To: ${to}${request.to().tag === undefined && status > 100 ? `;tag=${toTag}` : ''}`,
      `Call-ID: ${request.callId()}`,
      `CSeq: ${request.cseq().number} ${request.method}`,
      `Contact: <sip:x@${this.address}:5060>`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
  }
}

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly address: string;
  readonly branch: string;
  readonly callId: string;
  readonly cseq: number;
  readonly fromTag: string;
  readonly toTag?: string;
  readonly from?: string;
  readonly to?: string;
  readonly routes?: readonly string[];
  readonly headers?: readonly string[];
  readonly transport?: string;
  readonly body?: string;
}

export function farmRequest(parts: RequestParts): string {
  const { method, uri, address, branch, callId, cseq, fromTag, toTag, routes = [], headers = [], body = '' } = parts;
  const { from = 'sip:alice@example.org', to = 'sip:bob@example.org', transport = 'UDP' } = parts;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${address}:5060;branch=${branch}`,
    ...routes.map((route) => `Route: ${route}`),
    'Max-Forwards: 70',
    `From: <${from}>;tag=${fromTag}`,
    `To: <${to}>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:x@${address}:5060${transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`}>`,
    ...headers,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

export function contactOf(message: SipMessage): string {
  const contacts = message.contacts();
  return contacts === '*' || contacts instanceof Malformed ? '' : (contacts[0]?.uriText ?? '');
}
