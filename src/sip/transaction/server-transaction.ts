import type { SipMessage } from '../message/sip-message.ts';
import type { Hop } from '../transport/hop.ts';
import type { AnswerPlaces } from '../transport/answer-places.ts';
import type { AnswerPlace } from '../transport/transport-layer.ts';
import { isReliable } from '../transport/transport-name.ts';
import { inviteServer, type InviteServerAction, type InviteServerEvent } from './invite-server.ts';
import { nonInviteServer, type NonInviteServerAction, type NonInviteServerEvent } from './non-invite-server.ts';
import type { Table } from './table.ts';
import { AT_ONCE, earlier, isDue, NEVER, type Timed, type TimerWheel } from './timer-wheel.ts';
import type { Times } from './times.ts';

/** Who answers the request. */
export interface ServerUser {
  /** RFC 3261 §9.2: the other side takes its INVITE back. Its CANCEL has been answered already. */
  cancelled(transaction: ServerTransaction, cancel: SipMessage): void;
  /** It is over: the ACK came, or nobody asks any more. `respond` does nothing from now on. */
  ended(transaction: ServerTransaction): void;
}

/** What server transactions share. */
export interface ServerEnvironment {
  readonly wheel: TimerWheel;
  readonly datagramTimes: Times;
  readonly streamTimes: Times;
  readonly places: AnswerPlaces;
  transmit(bytes: Buffer, hop: Hop, place: AnswerPlace): void;
  /** A 100 to `request`, for an INVITE whose user takes its time. */
  trying(request: SipMessage, hop: Hop): Buffer;
  passAck(transaction: ServerTransaction, ack: SipMessage, hop: Hop): void;
  release(transaction: ServerTransaction): void;
  /** The first final response. */
  answered(method: string, status: number): void;
  /** A request came again and was answered, or swallowed, without the user. */
  absorbed(): void;
}

type State = 'Trying' | 'Proceeding' | 'Completed' | 'Confirmed' | 'Accepted' | 'Terminated';
type Event = InviteServerEvent | NonInviteServerEvent;
type Action = InviteServerAction | NonInviteServerAction;

/** RFC 3261 §17.2.1: an INVITE that nobody has answered by then gets a 100. */
const TRYING_AFTER_MS = 200;

/** The driver of the two server machines. One for each request; those that ended are garbage. */
export class ServerTransaction implements Timed {
  readonly hop: Hop;
  readonly method: string;
  /** Where its responses go. */
  readonly place: AnswerPlace;
  /** Its key in the table; see `keyOf`. */
  readonly key: string;
  /** Others with the same key; see `ServerTable`. */
  next: ServerTransaction | undefined = undefined;
  /** See `ServerTable.addEnd`; empty: it is forwarded. */
  endKey = '';
  wheelTick = 0;
  user: ServerUser | undefined = undefined;
  readonly #environment: ServerEnvironment;
  readonly #times: Times;
  readonly #table: Table<string, Event, Action>;
  #state: State;
  #request: SipMessage | undefined;
  /** As text: bytes would keep the pool alive that they are cut from, 64 KiB for some hundred bytes. */
  #response: string | undefined = undefined;
  /** Of the final response; 0 = none yet. */
  #finalStatus = 0;
  #repeatMs = 0;
  #repeatAtMs = NEVER;
  #endAtMs = NEVER;
  #endEvent: Event = 'timerH';

  /**
   * `via`: the request's top Via. No message is kept alive for the half minute that this may last, so `key` must not be part of one.
   * Without its `request` its user answers an INVITE at once, if only with 100.
   */
  constructor(
    method: string,
    key: string,
    hop: Hop,
    via: AnswerPlace,
    environment: ServerEnvironment,
    request: SipMessage | undefined,
  ) {
    this.#request = request;
    this.hop = hop;
    this.place = environment.places.of(via);
    this.key = key;
    this.method = method;
    this.#environment = environment;
    this.#times = isReliable(hop.transport) ? environment.streamTimes : environment.datagramTimes;
    const isInvite = this.method === 'INVITE';
    this.#table = isInvite ? inviteServer : nonInviteServer;
    this.#state = isInvite ? 'Proceeding' : 'Trying';
    if (isInvite && request !== undefined) this.#receive('start');
  }

  get state(): State {
    return this.#state;
  }

  /** The request; undefined once it has been answered finally, when nothing needs it any more. */
  get request(): SipMessage | undefined {
    return this.#request;
  }

  /** Status of the final response that was sent; 0 = none yet. */
  get finalStatus(): number {
    return this.#finalStatus;
  }

  /** Sends a response. A second final one does nothing, but for further 2xx to an INVITE. */
  respond(bytes: Buffer, status: number): void {
    if (status < 200) {
      this.#receive('send1xx', bytes);
      return;
    }
    if (this.#finalStatus === 0) {
      this.#finalStatus = status;
      this.#environment.answered(this.method, status);
    }
    if (this.method !== 'INVITE') this.#receive('send200-699', bytes);
    else this.#receive(status < 300 ? 'send2xx' : 'send300-699', bytes);
  }

  /** Ends it without an answer (RFC 4320 §4.2). Only before a final response. */
  abandon(): void {
    this.#receive('abandon');
  }

  /** The same request once more. */
  repeat(): void {
    this.#environment.absorbed();
    this.#receive(this.method === 'INVITE' ? 'INVITE' : 'request');
  }

  /** An ACK that belongs to this INVITE. */
  acknowledge(ack: SipMessage, hop: Hop): void {
    this.#receive('ACK', undefined, ack, hop);
  }

  look(nowMs: number): void {
    if (isDue(this.#endAtMs, nowMs)) {
      this.#endAtMs = NEVER;
      this.#receive(this.#endEvent);
    } else if (isDue(this.#repeatAtMs, nowMs)) {
      this.#repeatAtMs = NEVER;
      this.#receive(this.#finalStatus === 0 ? 'timerTrying' : 'timerG');
    }
    this.#schedule();
  }

  #receive(event: Event, bytes?: Buffer, ack?: SipMessage, hop?: Hop): void {
    const transition = this.#table[this.#state]?.[event];
    if (transition === undefined) return;
    this.#state = transition.to as State;
    for (const action of transition.actions) this.#do(action, bytes, ack, hop);
    if (this.#state === 'Terminated') {
      this.#terminate();
    } else if (this.#endAtMs === AT_ONCE) {
      this.#endAtMs = NEVER;
      this.#receive(this.#endEvent);
    }
  }

  #do(action: Action, bytes: Buffer | undefined, ack: SipMessage | undefined, hop: Hop | undefined): void {
    const environment = this.#environment;
    switch (action) {
      case 'sendResponse':
        environment.transmit(bytes!, this.hop, this.place);
        // A 2xx to an INVITE is repeated by the other end, not by us (RFC 6026 §6).
        this.#response =
          this.#state === 'Accepted' || isReliable(this.hop.transport) ? undefined : bytes!.toString('latin1');
        if (this.#finalStatus !== 0) this.#request = undefined;
        break;
      case 'repeatResponse':
        if (this.#response !== undefined) {
          environment.transmit(Buffer.from(this.#response, 'latin1'), this.hop, this.place);
        }
        break;
      case 'sendTrying': {
        const trying = environment.trying(this.#request!, this.hop);
        this.#response = trying.toString('latin1');
        environment.transmit(trying, this.hop, this.place);
        break;
      }
      case 'passAck':
        environment.passAck(this, ack!, hop!);
        break;
      case 'tellTimeout':
      case 'tellTransportError':
        // Nobody can be told: the other side does not listen. The user hears `ended`.
        break;
      case 'armTrying':
        this.#repeatIn(TRYING_AFTER_MS);
        break;
      case 'stopTrying':
      case 'stopG':
        this.#repeatAtMs = NEVER;
        break;
      case 'armG':
        if (!isReliable(this.hop.transport)) this.#repeatIn(this.#times.t1Ms);
        break;
      case 'doubleG':
        this.#repeatIn(Math.min(this.#repeatMs * 2, this.#times.t2Ms));
        break;
      case 'armH':
        this.#endIn(this.#times.h, 'timerH');
        break;
      case 'armI':
        this.#response = undefined;
        this.#endIn(this.#times.i, 'timerI');
        break;
      case 'armJ':
        this.#endIn(this.#times.j, 'timerJ');
        break;
      case 'armL':
        this.#endIn(this.#times.l, 'timerL');
        break;
    }
  }

  #repeatIn(ms: number): void {
    this.#repeatMs = ms;
    this.#repeatAtMs = this.#environment.wheel.nowMs + ms;
    this.#schedule();
  }

  #endIn(ms: number, event: Event): void {
    this.#endEvent = event;
    this.#endAtMs = ms === 0 ? AT_ONCE : this.#environment.wheel.nowMs + ms;
    if (ms > 0) this.#schedule();
  }

  #schedule(): void {
    const next = earlier(this.#repeatAtMs, this.#endAtMs);
    if (next !== NEVER) this.#environment.wheel.schedule(this, next);
  }

  #terminate(): void {
    this.#state = 'Terminated';
    this.#repeatAtMs = NEVER;
    this.#endAtMs = NEVER;
    this.#request = undefined;
    this.#response = undefined;
    const { user } = this;
    this.user = undefined;
    this.#environment.release(this);
    user?.ended(this);
  }
}
