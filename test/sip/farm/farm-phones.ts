import type { Datagram } from '#io';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { Malformed } from '../../../src/sip/message/malformed.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { VIP, type FarmWorld } from './farm-world.ts';

const T1 = 500;
const T2 = 4000;
const LONG = 64 * T1;

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

export type CallPlan = 'answered' | 'refused' | 'cancelled' | 'endedByCallee';

/** What became of a call, as its caller sees it. */
export class Call {
  readonly callId: string;
  readonly plan: CallPlan;
  state: 'calling' | 'ringing' | 'up' | 'ending' | 'ended' | 'failed' = 'calling';
  /** Of the INVITE: the first final answer. */
  final = '';
  finalStatus = 0;
  why = '';
  invite = '';
  routes: readonly string[] = [];
  repeater: { stop(): void } | undefined;
  cancelling: { stop(): void } | undefined;

  constructor(callId: string, plan: CallPlan) {
    this.callId = callId;
    this.plan = plan;
  }
}

/** How long a caller lets it ring before it gives up. */
const PATIENCE_MS = 60_000;

/** Calls bob, one call after the other or many at once. */
export class Caller extends FarmPhone {
  readonly calls = new Map<string, Call>();
  holdMs = 3000;

  call(callId: string, plan: CallPlan): Call {
    const call = new Call(callId, plan);
    this.calls.set(callId, call);
    call.invite = this.#text(call, 'INVITE', 1, 'sip:bob@example.org');
    call.repeater = this.repeat(call.invite, Number.POSITIVE_INFINITY, () => this.#fail(call, 'INVITE: no answer'));
    if (plan === 'cancelled') this.world.clock.after(1500, () => this.#cancel(call));
    this.world.clock.after(PATIENCE_MS, () => {
      if (call.state !== 'calling' && call.state !== 'ringing') return;
      call.why = 'rang for a minute';
      this.#cancel(call);
    });
    return call;
  }

  take(message: SipMessage): void {
    const call = this.calls.get(message.callId());
    if (call === undefined) return;
    if (message.isRequest) this.#request(call, message);
    else if (message.method === 'INVITE') this.#answer(call, message);
    else if (message.method === 'BYE' && message.status >= 200) this.#ended(call, message.status);
    else if (message.method === 'CANCEL' && message.status >= 200) call.cancelling?.stop();
  }

  #answer(call: Call, message: SipMessage): void {
    const { status } = message;
    call.repeater?.stop();
    if (status < 200) {
      if (call.state === 'calling') call.state = 'ringing';
      return;
    }
    const answer = `${status} ${message.to().tag ?? ''}`;
    if (call.final !== '' && call.final !== answer) this.faults.push(`${call.callId}: ${call.final}, then ${answer}`);
    const isFirst = call.final === '';
    call.final = answer;
    call.finalStatus = status;
    call.cancelling?.stop();
    if (status >= 300) {
      this.put(this.#text(call, 'ACK', 1, 'sip:bob@example.org', message.to().tag));
      if (isFirst) call.state = call.plan === 'answered' || call.plan === 'endedByCallee' ? 'failed' : 'ended';
      if (call.state === 'failed') call.why = `${call.why} ${status}`;
      return;
    }
    call.routes = message.elements(HeaderId.RecordRoute).reverse();
    const uri = contactOf(message);
    this.put(this.#text(call, 'ACK', 1, uri, message.to().tag, 'ack'));
    if (!isFirst) return;
    call.state = 'up';
    if (call.plan === 'endedByCallee') {
      this.world.clock.after(this.holdMs + LONG, () => {
        if (call.state === 'up') this.#fail(call, 'no BYE came');
      });
      return;
    }
    this.world.clock.after(this.holdMs, () => {
      call.state = 'ending';
      const bye = this.#text(call, 'BYE', 2, uri, message.to().tag);
      call.repeater = this.repeat(bye, T2, () => this.#fail(call, 'BYE: no answer'));
    });
  }

  #request(call: Call, message: SipMessage): void {
    if (message.method !== 'BYE') return;
    this.put(this.responseText(message, 200, 'a'));
    if (call.state === 'up') call.state = 'ended';
  }

  #ended(call: Call, status: number): void {
    call.repeater?.stop();
    if (call.state === 'ending') call.state = status < 300 ? 'ended' : 'failed';
    if (status >= 300) call.why = `BYE: ${status}`;
  }

  #cancel(call: Call): void {
    // RFC 3261 §9.1: not before a provisional answer; with none the INVITE ends by itself.
    if (call.finalStatus !== 0 || call.state === 'failed') return;
    if (call.state === 'calling') {
      this.world.clock.after(500, () => this.#cancel(call));
      return;
    }
    const cancel = this.#text(call, 'CANCEL', 1, 'sip:bob@example.org');
    call.cancelling = this.repeat(cancel, T2);
    this.world.clock.after(LONG + 5000, () => {
      if (call.finalStatus === 0) this.#fail(call, `${call.why} CANCEL: no 487`);
    });
  }

  #fail(call: Call, why: string): void {
    call.state = 'failed';
    call.why = why;
  }

  #text(call: Call, method: string, cseq: number, uri: string, toTag?: string, branchOf = ''): string {
    return farmRequest({
      method,
      uri,
      address: this.address,
      branch: `z9hG4bK${call.callId}-${cseq}${branchOf}`,
      callId: call.callId,
      cseq,
      fromTag: 'a',
      ...(toTag !== undefined && { toTag }),
      // The ACK for what is no 2xx, and CANCEL, have the Route of the INVITE: none.
      routes: branchOf === 'ack' || method === 'BYE' ? call.routes : [],
    });
  }
}

interface Dialog {
  readonly invite: SipMessage;
  readonly branch: string;
  latest: string;
  isUp: boolean;
  isOver: boolean;
  isAcknowledged: boolean;
  repeater: { stop(): void } | undefined;
}

/** Answers calls as their Call-ID says: `refused-…`, `cancelled-…` (rings), `endedByCallee-…`, `answered-…`. */
export class Callee extends FarmPhone {
  readonly dialogs = new Map<string, Dialog>();
  ringMs = 1000;
  holdMs = 3000;

  take(message: SipMessage): void {
    if (!message.isRequest) {
      if (message.method === 'BYE') this.#byeAnswered(message);
      return;
    }
    const dialog = this.dialogs.get(message.callId());
    if (message.method === 'INVITE') this.#invite(message, dialog);
    else if (message.method === 'ACK') this.#ack(message, dialog);
    else if (message.method === 'CANCEL') this.#cancel(message, dialog);
    else if (message.method === 'BYE') this.#bye(message, dialog);
  }

  /** Calls that are still up: nobody has ended them. */
  get orphans(): string[] {
    return [...this.dialogs].filter(([, { isUp, isOver }]) => isUp && !isOver).map(([callId]) => callId);
  }

  #invite(message: SipMessage, known: Dialog | undefined): void {
    const branch = message.topVia()?.branch ?? '';
    if (known !== undefined) {
      // RFC 3261 §8.2.2.2: the same request by another way; a telephone would answer 482.
      if (known.branch !== branch)
        this.faults.push(`${message.callId()}: a merged request, ${branch} after ${known.branch}`);
      else if (known.latest !== '' && !known.isUp) this.put(known.latest);
      return;
    }
    const dialog: Dialog = {
      invite: message,
      branch,
      latest: '',
      isUp: false,
      isOver: false,
      isAcknowledged: false,
      repeater: undefined,
    };
    this.dialogs.set(message.callId(), dialog);
    const plan = message.callId().split('-')[0];
    this.#say(dialog, 180);
    if (plan === 'cancelled') return;
    this.world.clock.after(this.ringMs, () => {
      if (dialog.isOver) return;
      if (plan === 'refused') this.#refuse(dialog, 486);
      else this.#accept(dialog);
    });
  }

  #say(dialog: Dialog, status: number): void {
    dialog.latest = this.responseText(dialog.invite, status, 'b');
    this.put(dialog.latest);
  }

  #refuse(dialog: Dialog, status: number): void {
    dialog.isOver = true;
    dialog.latest = this.responseText(dialog.invite, status, 'b');
    dialog.repeater = this.repeat(dialog.latest, T2, () => {
      this.faults.push(`${dialog.invite.callId()}: no ACK for ${status}`);
    });
  }

  #accept(dialog: Dialog): void {
    dialog.isUp = true;
    dialog.latest = this.responseText(dialog.invite, 200, 'b');
    dialog.repeater = this.repeat(dialog.latest, T2, () => {
      // RFC 3261 §13.3.1.4: nobody acknowledges it: the session is ended.
      this.#sendBye(dialog);
    });
  }

  #sendBye(dialog: Dialog): void {
    if (dialog.isOver) return;
    const { invite } = dialog;
    dialog.repeater?.stop();
    const bye = farmRequest({
      method: 'BYE',
      uri: contactOf(invite),
      address: this.address,
      branch: `z9hG4bKb${invite.callId()}`,
      callId: invite.callId(),
      cseq: 1,
      from: 'sip:bob@example.org',
      to: 'sip:alice@example.org',
      fromTag: 'b',
      toTag: 'a',
      routes: invite.elements(HeaderId.RecordRoute),
    });
    dialog.repeater = this.repeat(bye, T2, () => {
      dialog.isOver = true;
    });
  }

  #byeAnswered(message: SipMessage): void {
    const dialog = this.dialogs.get(message.callId());
    if (dialog === undefined || message.status < 200) return;
    dialog.isOver = true;
    dialog.repeater?.stop();
  }

  #ack(message: SipMessage, dialog: Dialog | undefined): void {
    if (dialog === undefined || message.to().tag !== 'b' || dialog.isAcknowledged) return;
    dialog.isAcknowledged = true;
    dialog.repeater?.stop();
    const isEnding = message.callId().startsWith('endedByCallee') && dialog.isUp;
    if (isEnding) this.world.clock.after(this.holdMs, () => this.#sendBye(dialog));
  }

  #cancel(message: SipMessage, dialog: Dialog | undefined): void {
    if (dialog === undefined || message.topVia()?.branch !== dialog.branch) {
      this.put(this.responseText(message, 481, 'b'));
      return;
    }
    this.put(this.responseText(message, 200, 'b'));
    if (!dialog.isUp && !dialog.isOver) this.#refuse(dialog, 487);
  }

  #bye(message: SipMessage, dialog: Dialog | undefined): void {
    this.put(this.responseText(message, dialog === undefined ? 481 : 200, 'b'));
    if (dialog !== undefined) dialog.isOver = true;
    dialog?.repeater?.stop();
  }
}

function contactOf(message: SipMessage): string {
  const contacts = message.contacts();
  return contacts === '*' || contacts instanceof Malformed ? '' : (contacts[0]?.uriText ?? '');
}
