import { forgetOldest } from '#base';
import type { Clock } from '#io';
import { ownText } from '../message/characters.ts';
import type { CallBegin, NamedUser } from '../proxy/call-begin.ts';
import type { CallObserver } from '../proxy/call-observer.ts';
import type { EndedCall } from '../proxy/ended-call.ts';
import type { DialogState } from './dialog-document.ts';
import { eventLimits } from './limits.ts';

export interface CallDialogsServices {
  /** `user@domain` of the account that is named so; undefined: it is none of this server's. */
  readonly accountOf: (user: NamedUser) => string | undefined;
  readonly changed: (aor: string) => void;
  readonly clock: Clock;
}

interface Call {
  readonly key: string;
  readonly callId: string;
  readonly fromTag: string;
  readonly caller: string | undefined;
  readonly callee: string | undefined;
  readonly callerUri: string;
  readonly calleeUri: string;
  toTag: string | undefined;
  state: DialogState['state'];
}

/** Which accounts are in calls, as the proxy sees them: for the dialog event package (RFC 4235). */
export class CallDialogs {
  readonly #services: CallDialogsServices;
  readonly #calls = new Map<string, Call>();
  readonly #ofAccount = new Map<string, Call[]>();

  constructor(services: CallDialogsServices) {
    this.#services = services;
  }

  /** An INVITE that makes a dialog is about to be forwarded. undefined: none of our accounts is in it. */
  begin(begin: CallBegin): CallObserver | undefined {
    const { accountOf } = this.#services;
    const caller = begin.caller && accountOf(begin.caller);
    const callee = begin.callee && accountOf(begin.callee);
    if (caller === undefined && callee === undefined) return undefined;
    const { callId, fromTag, callerUri, calleeUri } = partsOf(begin);
    const key = `${callId} ${fromTag}`;
    if (this.#calls.has(key)) return undefined;
    // The BYE of the oldest has gone another way, most likely
    if (this.#calls.size >= eventLimits.maxDialogs) forgetOldest(this.#calls, (oldest) => this.#end(oldest));
    const call: Call = {
      key,
      callId,
      fromTag,
      caller,
      callee,
      callerUri,
      calleeUri,
      toTag: undefined,
      state: 'trying',
    };
    this.#calls.set(key, call);
    if (caller !== undefined) this.#add(caller, call);
    if (callee !== undefined && callee !== caller) this.#add(callee, call);
    this.#tell(call);
    return this.#observer(call);
  }

  /** A BYE is forwarded, by whichever end. */
  bye({ callId, fromTag, toTag }: EndedCall): void {
    if (this.#calls.size === 0) return;
    const call = this.#calls.get(`${callId} ${fromTag}`) ?? this.#calls.get(`${callId} ${toTag}`);
    if (call !== undefined) this.#end(call);
  }

  /** Calls of an account, those that ended just now too. */
  of(aor: string): DialogState[] {
    const calls = this.#ofAccount.get(aor);
    return calls === undefined ? [] : calls.flatMap((call) => statesOf(call, aor));
  }

  #observer(call: Call): CallObserver {
    return {
      provisional: () => this.#become(call, 'early'),
      answered: (response) => {
        call.toTag = ownText(response.to().tag ?? '');
        this.#become(call, 'confirmed');
      },
      failed: () => this.#end(call),
      cancelled: () => undefined,
    };
  }

  #become(call: Call, state: 'early' | 'confirmed'): void {
    if (call.state === state || call.state === 'confirmed' || call.state === 'terminated') return;
    call.state = state;
    this.#tell(call);
  }

  #end(call: Call): void {
    if (call.state === 'terminated') return;
    call.state = 'terminated';
    this.#calls.delete(call.key);
    this.#tell(call);
    // Told as terminated in the document of now, and not there any more in the next one
    this.#services.clock.soon(() => {
      for (const aor of [call.caller, call.callee]) if (aor !== undefined) this.#drop(aor, call);
    });
  }

  #add(aor: string, call: Call): void {
    const calls = this.#ofAccount.get(aor);
    if (calls === undefined) this.#ofAccount.set(aor, [call]);
    else if (calls.length < eventLimits.maxDialogsPerAccount) calls.push(call);
  }

  #drop(aor: string, call: Call): void {
    const calls = this.#ofAccount.get(aor);
    const at = calls?.indexOf(call) ?? -1;
    if (calls === undefined || at < 0) return;
    if (calls.length === 1) this.#ofAccount.delete(aor);
    else calls.splice(at, 1);
  }

  #tell({ caller, callee }: Call): void {
    if (caller !== undefined) this.#services.changed(caller);
    if (callee !== undefined && callee !== caller) this.#services.changed(callee);
  }
}

/** What is remembered of the INVITE, as parts of one text that is not the message's. */
function partsOf(begin: CallBegin): Pick<Call, 'callId' | 'fromTag' | 'callerUri' | 'calleeUri'> {
  const { callId, fromTag, from } = begin;
  // Joined, since what is put together by `+` keeps its parts, and so the text of the message.
  const text = [callId, fromTag, from, begin.to].join('');
  const tagAt = callId.length;
  const callerAt = tagAt + fromTag.length;
  const calleeAt = callerAt + from.length;
  return {
    callId: text.slice(0, tagAt),
    fromTag: text.slice(tagAt, callerAt),
    callerUri: text.slice(callerAt, calleeAt),
    calleeUri: text.slice(calleeAt),
  };
}

/** Who calls himself is at both ends. */
function statesOf(call: Call, aor: string): DialogState[] {
  const { callId, fromTag, toTag, state } = call;
  const found: DialogState[] = [];
  if (call.caller === aor) {
    const ends = { localTag: fromTag, remoteTag: toTag, remoteUri: call.calleeUri };
    found.push({ id: `${call.key} i`, callId, direction: 'initiator', state, ...ends });
  }
  if (call.callee === aor) {
    const ends = { localTag: toTag, remoteTag: fromTag, remoteUri: call.callerUri };
    found.push({ id: `${call.key} r`, callId, direction: 'recipient', state, ...ends });
  }
  return found;
}
