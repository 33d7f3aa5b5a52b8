import { forgetOldest } from '#base';
import type { MediaSummary } from '#media';
import type { AppendLog, Clock } from '#io';
import { fromWireText } from '../message/characters.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { CallBegin } from '../proxy/call-begin.ts';
import type { CallObserver } from '../proxy/call-observer.ts';
import type { EndedCall } from '../proxy/ended-call.ts';
import { hopText } from '../transport/hop.ts';
import type { CallEnd } from './call-record.ts';

export type CallRecordSink = Pick<AppendLog, 'write'>;

export interface CallRecordOptions {
  readonly clock: Clock;
  readonly member: string;
  /** undefined: no records are kept. */
  readonly sink: CallRecordSink | undefined;
  /** Calls that are followed at once; the oldest is written as `unknown` when there are more. Default 100,000. */
  readonly maxCalls?: number;
}

export interface CallRecordFigures {
  /** Calls that were answered and have not ended. */
  readonly active: number;
  readonly written: number;
  /** Not written: the disk is slower than the calls. */
  readonly lost: number;
}

const DEFAULT_MAX_CALLS = 100_000;

/** Follows the calls that this server forwards, and writes a line of JSON for each when it has ended. */
export class CallRecords {
  readonly #options: CallRecordOptions;
  readonly #active = new Map<string, FollowedCall>();
  readonly #times = new IsoTimes();
  #written = 0;
  #lost = 0;

  constructor(options: CallRecordOptions) {
    this.#options = options;
  }

  get figures(): CallRecordFigures {
    return { active: this.#active.size, written: this.#written, lost: this.#lost };
  }

  /** An INVITE that makes a dialog is about to be forwarded. */
  begin(call: CallBegin): CallObserver | undefined {
    if (this.#options.sink === undefined) return undefined;
    return new FollowedCall(call, this.#options.clock, this);
  }

  /** A BYE is forwarded; `media`: what was relayed until then. */
  bye({ callId, fromTag, toTag }: EndedCall, media?: MediaSummary): void {
    if (this.#active.size === 0) return;
    const byCaller = this.#active.get(keyOf(callId, fromTag));
    if (byCaller !== undefined) this.#end(byCaller, 'caller', media);
    const byCallee = byCaller ?? this.#active.get(keyOf(callId, toTag));
    if (byCaller === undefined && byCallee !== undefined) this.#end(byCallee, 'callee', media);
  }

  /** Nothing has been heard of either side of a call, which one of them began with `tag`, for too long. */
  silent(callId: string, tags: readonly string[], media: MediaSummary): void {
    const call = tags.map((tag) => this.#active.get(keyOf(callId, tag))).find((one) => one !== undefined);
    if (call !== undefined) this.#end(call, 'silence', media);
  }

  /** Writes what is up: nobody will see its end. */
  stop(): void {
    for (const call of [...this.#active.values()]) this.#end(call, 'unknown');
  }

  /** A call has been answered: its end is awaited. */
  follow(call: FollowedCall): void {
    const { maxCalls = DEFAULT_MAX_CALLS } = this.#options;
    if (this.#active.size >= maxCalls) forgetOldest(this.#active, (oldest) => this.#end(oldest, 'unknown'));
    this.#active.set(call.key, call);
  }

  write(call: FollowedCall, endedBy: CallEnd, media?: MediaSummary): void {
    const line = call.line(endedBy, this.#options.member, this.#times, media);
    if (this.#options.sink?.write(line) === true) this.#written++;
    else this.#lost++;
  }

  #end(call: FollowedCall, endedBy: CallEnd, media?: MediaSummary): void {
    this.#active.delete(call.key);
    this.write(call, endedBy, media);
  }
}

/** Of a call that was neither answered nor taken back. */
function endOf(status: number): CallEnd {
  if (status === 408 || status === 487) return 'unanswered';
  return status >= 500 && status < 600 ? 'failed' : 'refused';
}

const keyOf = (callId: string, tag: string): string => `${callId} ${tag}`;

class FollowedCall implements CallObserver {
  readonly key: string;
  readonly #clock: Clock;
  readonly #records: CallRecords;
  /** The part of a `CallRecord` that the INVITE says, as it is written: one text, since a hundred thousand calls may be up. */
  readonly #facts: string;
  readonly #startMs: number;
  #ringMs = 0;
  #answerMs = 0;
  #status = 0;
  #isCancelled = false;

  constructor({ callId, fromTag, from, to, requestUri, hop, account }: CallBegin, clock: Clock, records: CallRecords) {
    this.#clock = clock;
    this.#records = records;
    this.#startMs = clock.wallMs();
    // Both joined, since a template would keep its parts, and so the text of the message.
    this.key = [callId, fromTag].join(' ');
    const facts = ['"from":"', inJson(from), '","to":"', inJson(to)];
    facts.push('","requestUri":"', inJson(requestUri), '","callId":"', inJson(callId));
    facts.push('","source":"', hopText(hop), '"');
    if (account !== undefined) facts.push(`,"account":${JSON.stringify(account)}`);
    this.#facts = facts.join('');
  }

  provisional(status: number): void {
    if (status >= 180 && this.#ringMs === 0) this.#ringMs = this.#clock.wallMs();
  }

  answered(response: SipMessage): void {
    this.#status = response.status;
    this.#answerMs = this.#clock.wallMs();
    this.#records.follow(this);
  }

  failed(status: number): void {
    this.#status = status;
    this.#records.write(this, this.#isCancelled ? 'cancelled' : endOf(status));
  }

  cancelled(): void {
    this.#isCancelled = true;
  }

  /** A `CallRecord` as JSON. Nothing in it but what `#facts` has needs escapes. */
  line(endedBy: CallEnd, member: string, times: IsoTimes, media: MediaSummary | undefined): string {
    const endMs = this.#clock.wallMs();
    const durationS = this.#answerMs === 0 ? 0 : (endMs - this.#answerMs) / 1000;
    const ring = this.#ringMs === 0 ? '' : `"ring":"${times.text(this.#ringMs)}",`;
    const answer = this.#answerMs === 0 ? '' : `"answer":"${times.text(this.#answerMs)}",`;
    const rest = media === undefined ? '' : `,"media":${JSON.stringify(media)}`;
    return (
      `{"start":"${times.text(this.#startMs)}",${ring}${answer}"end":"${times.text(endMs)}","durationS":${durationS},` +
      `"endedBy":"${endedBy}","status":${this.#status},${this.#facts},"member":"${member}"${rest}}`
    );
  }
}

/** As it stands in a JSON text between quotes. Most of it is ASCII, the same as bytes and as UTF-8, and needs no escapes. */
function inJson(wireText: string): string {
  for (let at = 0; at < wireText.length; at++) {
    const code = wireText.charCodeAt(at);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) {
      return JSON.stringify(fromWireText(wireText)).slice(1, -1);
    }
  }
  return wireText;
}

const SECONDS_KEPT = 64;

/** Times as people and programs read them. Calls that end together began together: seconds come again and again. */
class IsoTimes {
  readonly #seconds = new Float64Array(SECONDS_KEPT).fill(-1);
  readonly #texts = new Array<string>(SECONDS_KEPT).fill('');

  text(ms: number): string {
    const second = Math.floor(ms / 1000);
    const at = second % SECONDS_KEPT;
    if (this.#seconds[at] !== second) {
      this.#seconds[at] = second;
      // `2026-11-22T16:00:24.`
      this.#texts[at] = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${this.#texts[at]!}${String(Math.floor(ms - second * 1000)).padStart(3, '0')}Z`;
  }
}
