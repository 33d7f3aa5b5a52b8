import type { Clock, Timer } from '#io';
import { decodeMessage } from '../message/decode.ts';
import { SipMessage } from '../message/sip-message.ts';

/** A message that went by while somebody looked. */
export interface TracedMessage {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly direction: 'in' | 'out';
  /** The other side: `udp 192.0.2.1:5060`. */
  readonly peer: string;
  readonly callId: string;
  readonly message: SipMessage;
}

export interface TraceQuestion {
  /** What must stand in the head of the message, in any case, or in the name of its other side; empty: all. */
  readonly match: string;
  readonly durationMs: number;
}

export const traceLimits = {
  /** What comes after them is counted only. */
  maxMessages: 5_000,
  maxBytes: 16 * 1024 * 1024,
  maxDurationMs: 600_000,
  /** How long what was seen is kept for who asks. */
  keptMs: 1_800_000,
} as const;

export interface TraceResult {
  /** All messages of the calls in which one matched, oldest first. */
  readonly messages: readonly TracedMessage[];
  /** Messages that there was no room for. */
  readonly lost: number;
  /** It still looks. */
  readonly isLooking: boolean;
}

/** Keeps a copy of messages while somebody looks; costs one comparison per message while nobody does. */
export class MessageTrace {
  readonly #clock: Clock;
  #look: Look | undefined;
  #isLooking = false;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isLooking(): boolean {
    return this.#isLooking;
  }

  /** Looks from now on for a while; what was seen before is forgotten. */
  start({ match, durationMs }: TraceQuestion): void {
    this.#timer?.cancel();
    this.#look = new Look(match);
    this.#isLooking = true;
    this.#timer = this.#clock.after(Math.min(durationMs, traceLimits.maxDurationMs), () => this.stop());
  }

  /** Looks no more. What was seen can be asked for a while. */
  stop(): void {
    this.#timer?.cancel();
    this.#isLooking = false;
    this.#timer = this.#clock.after(traceLimits.keptMs, () => this.forget());
  }

  forget(): void {
    this.#timer?.cancel();
    this.#isLooking = false;
    this.#look = undefined;
  }

  /** What was seen so far; undefined: nobody has looked, or long ago. */
  result(): TraceResult | undefined {
    return this.#look && { ...this.#look.result(), isLooking: this.#isLooking };
  }

  received(message: SipMessage, peer: string): void {
    if (this.#isLooking) this.#record('in', message, peer);
  }

  sent(bytes: Buffer, peer: string): void {
    if (!this.#isLooking) return;
    const message = decodeMessage(Buffer.from(bytes));
    if (message instanceof SipMessage) this.#record('out', message, peer);
  }

  #record(direction: 'in' | 'out', message: SipMessage, peer: string): void {
    this.#look?.add({ atMs: this.#clock.wallMs(), direction, peer, callId: message.callId(), message });
  }
}

class Look {
  readonly #match: string;
  readonly #messages: TracedMessage[] = [];
  readonly #callIds = new Set<string>();
  #bytes = 0;
  #lost = 0;

  constructor(match: string) {
    this.#match = match.toLowerCase();
  }

  /** Of each call everything is kept: what matches may come in the middle of it only. */
  add(traced: TracedMessage): void {
    const { length } = traced.message.bytes;
    if (this.#messages.length >= traceLimits.maxMessages || this.#bytes + length > traceLimits.maxBytes) {
      this.#lost++;
      return;
    }
    this.#bytes += length;
    this.#messages.push(traced);
    if (this.#callIds.has(traced.callId)) return;
    const isMatch = `${traced.peer} ${traced.message.scan.head}`.toLowerCase().includes(this.#match);
    if (isMatch) this.#callIds.add(traced.callId);
  }

  result(): Omit<TraceResult, 'isLooking'> {
    return { messages: this.#messages.filter(({ callId }) => this.#callIds.has(callId)), lost: this.#lost };
  }
}
