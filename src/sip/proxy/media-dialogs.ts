import { otherSide, type MediaCall, type RelaySide } from '#media';
import type { SipMessage } from '../message/sip-message.ts';

/** The dialogs of one relayed call: it has several while several telephones ring, and one when it is up. */
export interface MediaDialog {
  readonly call: MediaCall;
  readonly callId: string;
  /** Of the party that made the call, as far as is known here (of side `a`). */
  readonly aTag: string;
  /** Those of the others. */
  readonly bTags: string[];
  /** The one that has answered first; undefined: it rings. */
  chosen: string | undefined;
}

export interface FoundDialog {
  readonly dialog: MediaDialog;
  /** Who has sent the message. */
  readonly side: RelaySide;
}

const none: readonly MediaDialog[] = [];

/** Relayed calls by their dialogs. As many as there are media ports for. */
export class MediaDialogs {
  readonly #byCallId = new Map<string, MediaDialog[]>();

  add(dialog: MediaDialog): void {
    const list = this.#byCallId.get(dialog.callId);
    if (list === undefined) this.#byCallId.set(dialog.callId, [dialog]);
    else list.push(dialog);
  }

  remove(dialog: MediaDialog): void {
    const rest = (this.#byCallId.get(dialog.callId) ?? []).filter((one) => one !== dialog);
    if (rest.length === 0) this.#byCallId.delete(dialog.callId);
    else this.#byCallId.set(dialog.callId, rest);
  }

  /** The dialog that a request or response belongs to. */
  find(message: SipMessage): FoundDialog | undefined {
    if (this.#byCallId.size === 0) return undefined;
    const found = this.between(message.callId(), message.from().tag ?? '', message.to().tag ?? '');
    // From is the sender of the request; a response comes from the other side.
    return found === undefined || message.isRequest ? found : { dialog: found.dialog, side: otherSide(found.side) };
  }

  /** The dialog with these tags; `side` is that of the first. */
  between(callId: string, fromTag: string, toTag: string): FoundDialog | undefined {
    for (const dialog of this.#byCallId.get(callId) ?? none) {
      const side = sideOf(dialog, fromTag, toTag);
      if (side !== undefined) return { dialog, side };
    }
    return undefined;
  }
}

function sideOf({ aTag, bTags }: MediaDialog, from: string, to: string): RelaySide | undefined {
  if (aTag === from && bTags.includes(to)) return 'a';
  return aTag === to && bTags.includes(from) ? 'b' : undefined;
}
