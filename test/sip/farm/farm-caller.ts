import { HeaderId } from '../../../src/sip/message/header-id.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { contactOf, FarmPhone, farmRequest, LONG, T2 } from './farm-phone.ts';

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
