import { otherSide, type MediaProxy, type MediaSummary } from '#media';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { EndedCall } from './ended-call.ts';
import type { Incoming } from './incoming.ts';
import { bodyOf, sdpOf } from './media-body.ts';
import { DialogMedia, NewCallMedia, type BranchMedia, type NewCallParts } from './media-branch.ts';
import { MediaDialogs, type MediaDialog } from './media-dialogs.ts';
import type { CopiedCall, MediaKeeper } from './media-keeper.ts';

export interface CallMediaOptions {
  readonly proxy: Pick<MediaProxy, 'call' | 'passes' | 'restore'>;
  /** A call whose media cannot be relayed is refused; else it goes on without. */
  readonly isRefusedWhenFull: boolean;
  /** Those who go on with the media of this member's calls when it dies. */
  readonly keeper?: MediaKeeper | undefined;
  /** Nothing is heard any more of either side of a call that was up: it will not end in any other way. */
  silent(callId: string, aTag: string, bTag: string, summary: MediaSummary): void;
}

/**
 * Where the proxy and the media of its calls meet. Offers and answers (RFC 3264) are in INVITE, its responses and ACK, in
 * PRACK and UPDATE (RFC 3262, RFC 3311), in this or the other direction; what else has a description is let through.
 */
export class CallMedia {
  readonly #dialogs = new MediaDialogs();
  readonly #options: CallMediaOptions;
  readonly #parts: NewCallParts;
  readonly #changed = (dialog: MediaDialog): void => this.#options.keeper?.changed(dialog);

  constructor(options: CallMediaOptions) {
    const { proxy, isRefusedWhenFull } = options;
    this.#options = options;
    this.#parts = {
      dialogs: this.#dialogs,
      isRefusedWhenFull,
      passes: (facts, offer) => proxy.passes(facts, offer),
      newCall: (facts, ended) => proxy.call(facts, { silent: (summary) => this.#silent(ended(), summary) }),
      changed: this.#changed,
    };
  }

  /** Goes on with a call of a member that has died. `refused`: its ports are not to be had here, at the moment. */
  restore({ callId, aTag, bTag, copy }: CopiedCall): 'taken' | 'known' | 'refused' {
    if (this.#dialogs.between(callId, aTag, bTag) !== undefined) return 'known';
    const held: { dialog?: MediaDialog } = {};
    const call = this.#options.proxy.restore(copy, { silent: (summary) => this.#silent(held.dialog, summary) });
    if (call.kind === 'refused') return 'refused';
    const dialog = { call, callId, aTag, bTags: [bTag], chosen: bTag };
    held.dialog = dialog;
    this.#dialogs.add(dialog);
    this.#changed(dialog);
    return 'taken';
  }

  /** The offer of a call that is new here passes as it came, and so will its answers; both ends are reached at their addresses. */
  passesPlain(aAddress: string, bAddress: string, offer: string): boolean {
    const a = { address: aAddress, isBehindNat: false };
    const b = { address: bAddress, isBehindNat: false };
    return this.#parts.passes({ a, b, isAskedFor: false, isUnderWay: false }, offer);
  }

  /** For one forwarded copy of a request; undefined: its body is none of ours. */
  branch(incoming: Incoming): BranchMedia | undefined {
    const { method, message, isInDialog } = incoming;
    if (method !== 'INVITE' && method !== 'UPDATE' && method !== 'PRACK') return undefined;
    const found = isInDialog ? this.#dialogs.find(message) : undefined;
    if (found !== undefined) return new DialogMedia(found, method, this.#changed);
    return method === 'PRACK' ? undefined : new NewCallMedia(this.#parts);
  }

  /** Of an ACK, which has no transaction. */
  ack(message: SipMessage): Uint8Array | undefined {
    const known = message.bodyLength === 0 ? undefined : this.#dialogs.find(message);
    const found = known === undefined ? undefined : sdpOf(message);
    if (known === undefined || found === undefined) return undefined;
    const { dialog, side } = known;
    if (!dialog.call.isOfferedBy(otherSide(side))) return bodyOf(found, dialog.call.reword(side, found.sdp));
    const described = dialog.call.answer(side, found.sdp, true);
    this.#changed(dialog);
    return bodyOf(found, described);
  }

  /** Of a response whose transaction is over: a 200 that is sent again. */
  strayResponse(message: SipMessage): Uint8Array | undefined {
    const known = message.bodyLength === 0 ? undefined : this.#dialogs.find(message);
    const found = known === undefined || !message.has(HeaderId.ContentType) ? undefined : sdpOf(message);
    if (known === undefined || found === undefined) return undefined;
    return bodyOf(found, known.dialog.call.reword(known.side, found.sdp));
  }

  /** A BYE is forwarded: what was relayed until now. */
  bye({ callId, fromTag, toTag }: EndedCall): MediaSummary | undefined {
    const found = this.#dialogs.between(callId, fromTag, toTag);
    // Also where it is known here: another member may have gone on with it as it was before an offer that came here.
    this.#options.keeper?.endedElsewhere({ callId, fromTag, toTag });
    if (found === undefined) return undefined;
    const { dialog, side } = found;
    const bTag = side === 'a' ? toTag : fromTag;
    // Two telephones have answered, and the caller ends the call with the one that it does not want.
    if (dialog.chosen !== undefined && dialog.chosen !== bTag) return undefined;
    this.#dialogs.remove(dialog);
    this.#options.keeper?.ended(dialog);
    return dialog.call.end();
  }

  #silent(dialog: MediaDialog | undefined, summary: MediaSummary): void {
    if (dialog === undefined) return;
    this.#dialogs.remove(dialog);
    this.#options.keeper?.ended(dialog);
    // Who never sent anything through here may have found another way.
    if (!summary.streams.some(({ a, b }) => a.packets + b.packets > 0)) return;
    this.#options.silent(dialog.callId, dialog.aTag, dialog.chosen ?? '', summary);
  }
}
