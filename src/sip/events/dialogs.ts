import { forgetOldest } from '#base';
import type { Clock } from '#io';
import { ownText } from '../message/characters.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { CallObserver } from '../proxy/call-observer.ts';
import type { EndedCall } from '../proxy/ended-call.ts';
import type { Incoming } from '../proxy/incoming.ts';
import type { DialogState } from './dialog-document.ts';
import { eventLimits } from './limits.ts';

export interface CallDialogsServices {
  /** `user@domain` of the account that an address names; undefined: it is none of this server's. */
  readonly accountOf: (message: SipMessage, end: 'caller' | 'callee') => string | undefined;
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
  readonly #ofAccount = new Map<string, Set<Call>>();

  constructor(services: CallDialogsServices) {
    this.#services = services;
  }

  /** An INVITE that makes a dialog is about to be forwarded. undefined: none of our accounts is in it. */
  begin({ message }: Pick<Incoming, 'message'>): CallObserver | undefined {
    const { accountOf } = this.#services;
    const caller = accountOf(message, 'caller');
    const callee = accountOf(message, 'callee');
    if (caller === undefined && callee === undefined) return undefined;
    const callId = ownText(message.callId());
    const fromTag = ownText(message.from().tag ?? '');
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
      callerUri: ownText(message.from().uriText),
      calleeUri: ownText(message.to().uriText),
      toTag: undefined,
      state: 'trying',
    };
    this.#calls.set(key, call);
    for (const aor of [caller, callee]) if (aor !== undefined) this.#add(aor, call);
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
    return calls === undefined ? [] : [...calls].flatMap((call) => statesOf(call, aor));
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
    const calls = this.#ofAccount.get(aor) ?? new Set<Call>();
    this.#ofAccount.set(aor, calls);
    if (calls.size < eventLimits.maxDialogsPerAccount) calls.add(call);
  }

  #drop(aor: string, call: Call): void {
    const calls = this.#ofAccount.get(aor);
    calls?.delete(call);
    if (calls?.size === 0) this.#ofAccount.delete(aor);
  }

  #tell({ caller, callee }: Call): void {
    if (caller !== undefined) this.#services.changed(caller);
    if (callee !== undefined && callee !== caller) this.#services.changed(callee);
  }
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
