import { otherSide, type CallFacts, type MediaCall, type MediaProxy, type MediaSummary } from '#media';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { EndedCall } from './ended-call.ts';
import type { Incoming } from './incoming.ts';
import { bodyOf, sdpOf } from './media-body.ts';
import { DialogMedia, NewCallMedia, type BranchMedia, type NewCallParts } from './media-branch.ts';
import { MediaDialogs, type MediaDialog } from './media-dialogs.ts';

export interface CallMediaOptions {
  readonly proxy: Pick<MediaProxy, 'call' | 'passes'>;
  /** A call whose media cannot be relayed is refused; else it goes on without. */
  readonly isRefusedWhenFull: boolean;
  /** Nothing is heard any more of either side of a call that was up: it will not end in any other way. */
  silent(callId: string, aTag: string, bTag: string, summary: MediaSummary): void;
}

/**
 * Where the proxy and the media of its calls meet. Offers and answers (RFC 3264) are in INVITE, its responses and ACK, in
 * PRACK and UPDATE (RFC 3262, RFC 3311), in this or the other direction; what else has a description is let through.
 */
export class CallMedia {
  readonly #dialogs = new MediaDialogs();
  readonly #parts: NewCallParts;

  constructor(options: CallMediaOptions) {
    const { proxy, isRefusedWhenFull } = options;
    this.#parts = {
      dialogs: this.#dialogs,
      isRefusedWhenFull,
      passes: (facts, offer) => proxy.passes(facts, offer),
      newCall: (facts: CallFacts, ended: () => MediaDialog | undefined): MediaCall =>
        proxy.call(facts, {
          silent: (summary) => {
            const dialog = ended();
            if (dialog === undefined) return;
            this.#dialogs.remove(dialog);
            // Who never sent anything through here may have found another way.
            if (!summary.streams.some(({ a, b }) => a.packets + b.packets > 0)) return;
            options.silent(dialog.callId, dialog.aTag, dialog.chosen ?? '', summary);
          },
        }),
    };
  }

  /** For one forwarded copy of a request; undefined: its body is none of ours. */
  branch(incoming: Incoming): BranchMedia | undefined {
    const { method, message, isInDialog } = incoming;
    if (method !== 'INVITE' && method !== 'UPDATE' && method !== 'PRACK') return undefined;
    const found = isInDialog ? this.#dialogs.find(message) : undefined;
    if (found !== undefined) return new DialogMedia(found.dialog.call, found.side, method);
    return method === 'PRACK' ? undefined : new NewCallMedia(this.#parts);
  }

  /** Of an ACK, which has no transaction. */
  ack(message: SipMessage): Uint8Array | undefined {
    const known = message.bodyLength === 0 ? undefined : this.#dialogs.find(message);
    const found = known === undefined ? undefined : sdpOf(message);
    if (known === undefined || found === undefined) return undefined;
    const { dialog, side } = known;
    const isAnswer = dialog.call.isOfferedBy(otherSide(side));
    return bodyOf(found, isAnswer ? dialog.call.answer(side, found.sdp, true) : dialog.call.reword(side, found.sdp));
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
    if (found === undefined) return undefined;
    const { dialog, side } = found;
    const bTag = side === 'a' ? toTag : fromTag;
    // Two telephones have answered, and the caller ends the call with the one that it does not want.
    if (dialog.chosen !== undefined && dialog.chosen !== bTag) return undefined;
    this.#dialogs.remove(dialog);
    return dialog.call.end();
  }
}
