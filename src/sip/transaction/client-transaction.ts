import type { SipMessage } from '../message/sip-message.ts';
import type { Target } from '../transport/target.ts';
import { isReliable } from '../transport/transport-name.ts';
import { ackFor, cancelFor } from './requests-of-ours.ts';
import { inviteClient, type InviteClientAction, type InviteClientEvent } from './invite-client.ts';
import { nonInviteClient, type NonInviteClientAction, type NonInviteClientEvent } from './non-invite-client.ts';
import type { Table } from './table.ts';
import { AT_ONCE, earlier, isDue, NEVER, type Timed, type TimerWheel } from './timer-wheel.ts';
import type { Times } from './times.ts';

/** Who sent the request. The transaction may be used for something else once `ended` was called. */
export interface ClientUser {
  response(transaction: ClientTransaction, message: SipMessage): void;
  /** No final response in time (timers B and F). `ended` follows. */
  timedOut(transaction: ClientTransaction): void;
  /** It certainly did not arrive. `ended` follows. */
  transportFailed(transaction: ClientTransaction, error: Error): void;
  /** The time given to `wakeAfter` has passed without a final response. */
  woken(transaction: ClientTransaction): void;
  /** It is over, for whatever reason: no word of it comes any more. */
  ended(transaction: ClientTransaction): void;
}

/** What client transactions share. */
export interface ClientEnvironment {
  readonly wheel: TimerWheel;
  readonly datagramTimes: Times;
  readonly streamTimes: Times;
  transmit(bytes: Buffer, target: Target, failed: (error: Error) => void): void;
  /** A transaction for the CANCEL of another one: same branch. */
  open(method: string, user: ClientUser, branch: string): ClientTransaction | undefined;
  /** What the top Via says behind the sent-by. */
  viaParams(branch: string): string;
  /** It is over: its place may be used again. */
  release(transaction: ClientTransaction): void;
  /** A request went out again (timers A and E). */
  repeated(): void;
}

type State = 'Calling' | 'Trying' | 'Proceeding' | 'Completed' | 'Accepted' | 'Terminated';
type Event = InviteClientEvent | NonInviteClientEvent;
type Action = InviteClientAction | NonInviteClientAction;

const nobody: ClientUser = {
  response: () => undefined,
  timedOut: () => undefined,
  transportFailed: () => undefined,
  woken: () => undefined,
  ended: () => undefined,
};
const noBytes = Buffer.alloc(0);

/** The driver of the two client machines: one object a slot of the table, used again and again. */
export class ClientTransaction implements Timed {
  /** Its place in the table, and how often that was used. */
  readonly slot: number;
  uses = 0;
  /** The table's: what it is found by, if it is. */
  high = 0;
  low = 0;
  isEntered = false;
  branch = '';
  method = '';
  wheelTick = 0;
  /** The transaction of the CANCEL for this INVITE: its responses come with the same branch. */
  cancellation: ClientTransaction | undefined = undefined;
  readonly #environment: ClientEnvironment;
  #table: Table<string, Event, Action> = nonInviteClient;
  #state: State = 'Terminated';
  #user: ClientUser = nobody;
  #target: Target | undefined = undefined;
  #times: Times;
  /** What a retransmission sends: the request, later the ACK. */
  #bytes: Buffer = noBytes;
  /**
   * The INVITE while it rings, to make CANCEL and ACK of: as text, since bytes would keep the pool alive that they are
   * cut from, 64 KiB for some hundred bytes.
   */
  #invite = '';
  /** RFC 3261 §9.1: a CANCEL waits for the first provisional response. */
  #cancelReasons: readonly string[] | undefined = undefined;
  #repeatMs = 0;
  #repeatAtMs = NEVER;
  #endAtMs = NEVER;
  #endEvent: Event = 'timerB';
  /** The user's own timer: timer C, or how long a CANCEL may take. */
  #wakeAtMs = NEVER;
  #failed: (error: Error) => void = () => undefined;

  constructor(slot: number, environment: ClientEnvironment) {
    this.slot = slot;
    this.#environment = environment;
    this.#times = environment.datagramTimes;
  }

  get state(): State {
    return this.#state;
  }

  /** For the top Via of its request. */
  get viaParams(): string {
    return this.#environment.viaParams(this.branch);
  }

  get target(): Target | undefined {
    return this.#target;
  }

  /** The table's: takes it out of the pool. */
  open(method: string, user: ClientUser, branch: string): void {
    this.method = method;
    this.branch = branch;
    this.#user = user;
    this.#cancelReasons = undefined;
    const isInvite = method === 'INVITE';
    this.#table = isInvite ? inviteClient : nonInviteClient;
    this.#state = isInvite ? 'Calling' : 'Trying';
    const { uses } = this;
    this.#failed = (error) => {
      if (this.uses === uses && this.#state !== 'Terminated') this.#fail(error);
    };
  }

  /** Sends the request; `bytes` have this transaction's branch in their top Via. */
  start(bytes: Buffer, target: Target): void {
    this.#bytes = bytes;
    this.#target = target;
    this.#times = isReliable(target.transport) ? this.#environment.streamTimes : this.#environment.datagramTimes;
    this.#receive('start');
  }

  /**
   * RFC 3261 §9.1: takes the INVITE back, now or as soon as the other side has said anything. Its final response still comes.
   * `reasons`: values of Reason (RFC 3326), which tell a telephone whether the call was missed.
   */
  cancel(reasons: readonly string[]): void {
    if (this.method !== 'INVITE' || this.#cancelReasons !== undefined) return;
    this.#cancelReasons = reasons;
    if (this.#state === 'Proceeding') this.#sendCancel(reasons);
  }

  /** Calls `woken` after that time, unless a final response comes before. Once more: instead of the time before. */
  wakeAfter(ms: number): void {
    this.#wakeAtMs = this.#environment.wheel.nowMs + ms;
    this.#schedule();
  }

  /** Sends the request no more, but goes on listening for its answer. Not for an INVITE. */
  silence(): void {
    this.#repeatAtMs = NEVER;
  }

  /** Gives it up: nothing is sent or told any more. */
  abandon(): void {
    if (this.#state !== 'Terminated') this.#terminate();
  }

  /** Its user wants no word of it any more. Not before the final response to what is not an INVITE. */
  leave(): void {
    this.#user = nobody;
  }

  /** A response that names this transaction. `status` ≥ 100. */
  receive(message: SipMessage): void {
    const { status } = message;
    const isInvite = this.#table === inviteClient;
    if (status >= 200) this.#wakeAtMs = NEVER;
    const event: Event = status < 200 ? '1xx' : isInvite ? (status < 300 ? '2xx' : '300-699') : '200-699';
    this.#receive(event, message);
  }

  look(nowMs: number): void {
    if (isDue(this.#endAtMs, nowMs)) {
      this.#endAtMs = NEVER;
      this.#receive(this.#endEvent);
    } else if (isDue(this.#repeatAtMs, nowMs)) {
      this.#repeatAtMs = NEVER;
      this.#environment.repeated();
      this.#receive(this.#table === inviteClient ? 'timerA' : 'timerE');
    } else if (isDue(this.#wakeAtMs, nowMs)) {
      this.#wakeAtMs = NEVER;
      this.#user.woken(this);
    }
    this.#schedule();
  }

  #receive(event: Event, message?: SipMessage, error?: Error): void {
    const transition = this.#table[this.#state]?.[event];
    if (transition === undefined) return;
    const before = this.#state;
    this.#state = transition.to as State;
    const { uses } = this;
    for (const action of transition.actions) {
      this.#do(action, message, error);
      // What the user did may have ended it.
      if (this.uses !== uses) return;
    }
    if (this.#state === 'Terminated') {
      this.#terminate();
    } else {
      const reasons = this.#cancelReasons;
      if (before !== 'Proceeding' && this.#state === 'Proceeding' && reasons !== undefined) this.#sendCancel(reasons);
      // Over a connection some states last no time at all.
      if (this.#endAtMs === AT_ONCE) {
        this.#endAtMs = NEVER;
        this.#receive(this.#endEvent);
      }
    }
  }

  #do(action: Action, message: SipMessage | undefined, error: Error | undefined): void {
    const times = this.#times;
    switch (action) {
      case 'sendRequest':
        this.#environment.transmit(this.#bytes, this.#target!, this.#failed);
        break;
      case 'sendAck':
        this.#sendAck(message!);
        break;
      case 'passResponse':
        if (this.#state === 'Completed' && this.method !== 'INVITE') this.#bytes = noBytes;
        this.#user.response(this, message!);
        break;
      case 'tellTimeout':
        this.#user.timedOut(this);
        break;
      case 'tellTransportError':
        this.#user.transportFailed(this, error!);
        break;
      case 'armA':
      case 'armE':
        if (!isReliable(this.#target!.transport)) this.#repeatIn(times.t1Ms);
        break;
      case 'doubleA':
        this.#repeatIn(this.#repeatMs * 2);
        break;
      case 'doubleE':
        this.#repeatIn(Math.min(this.#repeatMs * 2, times.t2Ms));
        break;
      case 'slowE':
        this.#repeatIn(times.t2Ms);
        break;
      case 'stopA':
      case 'stopE':
        this.#repeatAtMs = NEVER;
        break;
      case 'armB':
        this.#endIn(times.b, 'timerB');
        break;
      case 'stopB':
        this.#endAtMs = NEVER;
        this.#invite = this.#bytes.toString('latin1');
        this.#bytes = noBytes;
        break;
      case 'armF':
        this.#endIn(times.f, 'timerF');
        break;
      case 'armD':
        this.#endIn(times.d, 'timerD');
        break;
      case 'armK':
        this.#target = undefined;
        this.#endIn(times.k, 'timerK');
        break;
      case 'armM':
        this.#target = undefined;
        this.#bytes = noBytes;
        this.#invite = '';
        this.#endIn(times.m, 'timerM');
        break;
    }
  }

  /** RFC 3261 §17.1.1.3; the first time it is made of the request, which is not needed any more. */
  #sendAck(response: SipMessage): void {
    if (this.#repeatMs !== -1) {
      this.#repeatMs = -1;
      this.#bytes = ackFor(this.#sentInvite(), response) ?? noBytes;
      this.#invite = '';
    }
    if (this.#bytes.length > 0) this.#environment.transmit(this.#bytes, this.#target!, this.#failed);
  }

  #sendCancel(reasons: readonly string[]): void {
    const bytes = cancelFor(this.#sentInvite(), reasons);
    const cancellation = bytes && this.#environment.open('CANCEL', nobody, this.branch);
    if (bytes === undefined || cancellation === undefined) return;
    this.cancellation = cancellation;
    cancellation.start(bytes, this.#target!);
  }

  #sentInvite(): Buffer {
    return this.#invite === '' ? this.#bytes : Buffer.from(this.#invite, 'latin1');
  }

  #fail(error: Error): void {
    this.#receive('transportError', undefined, error);
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
    const next = earlier(earlier(this.#repeatAtMs, this.#endAtMs), this.#wakeAtMs);
    if (next !== NEVER) this.#environment.wheel.schedule(this, next);
  }

  #terminate(): void {
    this.#state = 'Terminated';
    this.#repeatAtMs = NEVER;
    this.#endAtMs = NEVER;
    this.#wakeAtMs = NEVER;
    this.#repeatMs = 0;
    this.#bytes = noBytes;
    this.#invite = '';
    const user = this.#user;
    this.#user = nobody;
    user.ended(this);
    this.cancellation = undefined;
    this.#target = undefined;
    this.#environment.release(this);
  }
}
