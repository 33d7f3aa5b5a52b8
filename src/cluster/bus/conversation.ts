import type { Clock } from '#io';
import { Gone, Overloaded, type BusLink } from '../bus.ts';
import type { MemberBoot } from '../member-boot.ts';
import { memberName } from '../member-id.ts';
import type { CallFrame, Frame, Outcome } from './codec/frame.ts';
import type { BusCounters } from './counters.ts';
import { IncomingCalls } from './incoming-calls.ts';
import type { BusLimits } from './limits.ts';
import type { Link } from './link.ts';
import { OutgoingCalls, type NewCall } from './outgoing-calls.ts';
import type { Services } from './services.ts';

/** Confirmations wait for a frame that they can travel with, until so many answers have come. */
const MAX_UNCONFIRMED = 1024;

export interface ConversationDeps {
  readonly clock: Clock;
  readonly limits: BusLimits;
  readonly services: Services;
  readonly counters: BusCounters;
  /** The number that no call has had yet. */
  readonly nextSeq: () => number;
  readonly changed: (link: BusLink) => void;
}

/**
 * What is between this member and one boot of another, whatever link there is at the moment: calls under way in both
 * directions, and which have come already.
 */
export class Conversation {
  readonly other: MemberBoot;
  /** Tells the other side whether this is the memory that it knows. */
  readonly memory: number;
  /** It has been in the directory. */
  wasListed = false;
  /** Links whose hello was taken and that are not up yet: each holds on to this conversation. */
  readonly greeted = new Set<Link>();
  /** Of the link that was up last, or is. */
  lastUpMs = 0;
  readonly #deps: ConversationDeps;
  readonly #outgoing: OutgoingCalls;
  readonly #incoming: IncomingCalls;
  #link: Link | undefined;
  #state: BusLink['state'] = 'down';
  #cause = 'not connected yet';
  #othersMemory: number | undefined;
  /** Outcomes that found the link full. */
  #unwritten: Outcome[] = [];
  #end: string | undefined;

  constructor(other: MemberBoot, memory: number, deps: ConversationDeps) {
    this.other = Object.freeze({ member: other.member, boot: other.boot });
    this.memory = memory;
    this.#deps = deps;
    this.#outgoing = new OutgoingCalls(memberName(other.member), deps.clock, deps.limits);
    this.#incoming = new IncomingCalls(deps.limits);
  }

  get link(): Link | undefined {
    return this.#link;
  }

  get state(): BusLink['state'] {
    return this.#state;
  }

  /** There is a link, or one on its way. */
  get isHeld(): boolean {
    return this.#link !== undefined || this.greeted.size > 0;
  }

  get isWaiting(): boolean {
    return this.#outgoing.count > 0;
  }

  /** Why this boot is known to have ended; undefined = it is not known. */
  get ending(): string | undefined {
    return this.#end;
  }

  describe(): BusLink {
    return {
      to: this.other,
      state: this.#state,
      cause: this.#cause,
      roundTripMs: this.#link?.roundTripMs,
      heardByMs: this.#link?.heardByMs,
    };
  }

  call(call: NewCall): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(new Gone(this.#end));
    const link = this.#link;
    const shortage = link?.isFull === true ? this.#fullText() : this.#outgoing.shortage(call.json);
    if (shortage !== undefined) {
      this.#deps.counters.overloaded++;
      return Promise.reject(new Overloaded(`${call.service} not sent: ${shortage}`));
    }
    const answer = this.#outgoing.add(call, link?.writer);
    link?.touch();
    return answer;
  }

  /** False: dropped. */
  send(service: string, json: string): boolean {
    const link = this.#link;
    if (link === undefined || link.isFull) return false;
    link.writer.send(service, json);
    link.touch();
    return true;
  }

  /** `link` is up from now on; one that was before is gone. */
  adopt(link: Link, othersMemory: number): void {
    const before = this.#link;
    this.#link = link;
    this.#end = undefined;
    before?.close('another link has taken its place');
    link.phase = 'up';
    this.lastUpMs = this.#deps.clock.nowMs();
    const isRemembered = this.#othersMemory === undefined || this.#othersMemory === othersMemory;
    this.#othersMemory = othersMemory;
    this.#unwritten = [];
    this.#outgoing.confirm(link.writer, this.#deps.nextSeq());
    this.#outgoing.sendAgain(link.writer, isRemembered);
    link.touch();
    this.#become('up', '');
  }

  /** A link has ended. False: it was not the one in use. */
  lost(link: Link, cause: string): boolean {
    if (this.#link !== link) return false;
    this.#link = undefined;
    this.lastUpMs = this.#deps.clock.nowMs();
    this.#become('down', cause);
    return true;
  }

  /** This boot has ended, for certain. */
  ended(why: string): void {
    this.#end = why;
    this.#link?.close(why);
    this.#outgoing.failAll(() => new Gone(why));
  }

  /** This side stops. */
  leave(error: () => Error): void {
    this.#outgoing.failAll(error);
  }

  heard(): void {
    if (this.#state === 'silent') this.#become('up', '');
  }

  silent(cause: string): void {
    if (this.#state === 'up') this.#become('silent', cause);
  }

  receive(frame: Frame): void {
    switch (frame.kind) {
      case 'answer':
      case 'refused':
      case 'gone':
      case 'overload':
        this.#outgoing.received(frame);
        if (this.#outgoing.unconfirmedAnswers >= MAX_UNCONFIRMED) this.#link?.touch();
        return;
      case 'call':
        this.#called(frame);
        return;
      case 'send':
        this.#deps.counters.receivedSends++;
        if (!this.#deps.services.deliver(frame.service, frame.json, this.other)) this.#deps.counters.unknownSends++;
        return;
      case 'acks':
        this.#incoming.confirm(frame.lowest, frame.above);
        return;
      case 'goodbye':
        this.ended(`${memberName(this.other.member)} has stopped${frame.text === '' ? '' : `: ${frame.text}`}`);
        return;
      default:
      // Hello and memory belong to the beginning of a link; here they mean nothing.
    }
  }

  /** The link has room again. */
  drained(): void {
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    for (const outcome of unwritten) this.#answer(outcome);
  }

  /** Frames go out: confirmations travel with them. */
  flushing(link: Link): void {
    if (link !== this.#link || this.#outgoing.unconfirmedAnswers === 0) return;
    this.#outgoing.confirm(link.writer, this.#deps.nextSeq());
  }

  #called(frame: CallFrame): void {
    const verdict = this.#incoming.receive(frame, this.#link?.isFull === true);
    if (verdict.kind === 'wait') return;
    if (verdict.kind === 'answer') {
      this.#write(verdict.outcome);
      return;
    }
    this.#deps.counters.receivedCalls++;
    this.#deps.services.call(frame.seq, frame.service, frame.json, this.other, this.#finished);
  }

  readonly #finished = (outcome: Outcome): void => {
    if (this.#incoming.finish(outcome)) this.#answer(outcome);
  };

  /** What finds no room is kept: it is counted, and capped, among the calls that are held. */
  #answer(outcome: Outcome): void {
    if (this.#link?.isFull === true) this.#unwritten.push(outcome);
    else this.#write(outcome);
  }

  #write(outcome: Outcome): void {
    const link = this.#link;
    if (link === undefined) return;
    link.writer.outcome(outcome);
    link.touch();
  }

  #fullText(): string {
    return `${this.#link?.queuedBytes ?? 0} bytes wait for ${memberName(this.other.member)}, which reads too slowly`;
  }

  #become(state: BusLink['state'], cause: string): void {
    if (this.#state === state && this.#cause === cause) return;
    this.#state = state;
    this.#cause = cause;
    this.#deps.changed(this.describe());
  }
}
