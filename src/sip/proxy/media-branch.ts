import { otherSide, type CallFacts, type Described, type MediaCall, type RelaySide } from '#media';
import { ownText } from '../message/characters.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { Target } from '../transport/target.ts';
import type { Incoming } from './incoming.ts';
import { bodyOf, plainSdpOf, sdpOf, type MessageSdp } from './media-body.ts';
import type { FoundDialog, MediaDialog, MediaDialogs } from './media-dialogs.ts';
import { callFactsOf } from './media-facts.ts';
import type { ProxyTarget } from './target-set.ts';

/** A new body; undefined: it stays as it came. `refused`: its media cannot be relayed, and without that it shall not go on. */
export type NewBody = Uint8Array | undefined | 'refused';

/** The media of one forwarded copy of a request: what its body becomes, and those of the answers to it. */
export interface BranchMedia {
  /** It stays in the way of the dialog for them. */
  readonly isRelayed: boolean;
  /** Of the copy that leaves to `hop`. Asked again when another server is tried. */
  request(incoming: Incoming, target: ProxyTarget, hop: Target): NewBody;
  /** Of a response that is about to be forwarded, 101 to 299. */
  response(message: SipMessage): Uint8Array | undefined;
  /** It has ended without a 2xx. */
  failed(): void;
}

export interface NewCallParts {
  readonly dialogs: MediaDialogs;
  readonly isRefusedWhenFull: boolean;
  /** The offer needs no call to be made for it; see `MediaProxy.passes`. */
  passes(facts: CallFacts, offer: string): boolean;
  newCall(facts: CallFacts, ended: () => MediaDialog | undefined): MediaCall;
  /** The media of a call that is up have begun, or have been agreed upon anew. */
  changed(dialog: MediaDialog): void;
}

/** An INVITE that makes a call; or a request in a dialog whose media are not known here, which is as good. */
export class NewCallMedia implements BranchMedia {
  readonly #parts: NewCallParts;
  #callId = '';
  #aTag = '';
  #call: MediaCall | undefined = undefined;
  #dialog: MediaDialog | undefined = undefined;
  #address = '';
  /** Its description comes with the answer (RFC 3261 §13.2.1). */
  #isDelayed = false;

  constructor(parts: NewCallParts) {
    this.#parts = parts;
  }

  get isRelayed(): boolean {
    return this.#call !== undefined && (this.#isDelayed || this.#call.isRelayed);
  }

  request(incoming: Incoming, target: ProxyTarget, hop: Target): NewBody {
    // Another server may be somewhere else.
    if (hop.address !== this.#address) this.failed();
    this.#address = hop.address;
    this.#call ??= this.#newCall(incoming, callFactsOf(incoming, target, hop));
    if (this.#call === undefined) return undefined;
    const found = sdpOf(incoming.message);
    this.#isDelayed = found === undefined;
    if (found === undefined) return undefined;
    const described = this.#call.offer('a', found.sdp);
    if (described.kind === 'full' && this.#parts.isRefusedWhenFull && !incoming.isInDialog) return 'refused';
    return bodyOf(found, described);
  }

  response(message: SipMessage): Uint8Array | undefined {
    const call = this.#call;
    if (call === undefined || (!call.isRelayed && !this.#isDelayed)) return undefined;
    const found = sdpOf(message);
    const tag = message.to().tag ?? '';
    const isFinal = message.status >= 200;
    const isOther = isFinal && this.#dialog?.chosen !== undefined;
    const body = found === undefined ? undefined : this.#describe(call, found, isFinal, isOther);
    if (!call.isRelayed) return body;
    const dialog = this.#dialogWith(call, tag);
    if (!isFinal || isOther) return body;
    dialog.chosen = ownText(tag);
    if (found === undefined) {
      call.up();
      call.accepted();
    }
    this.#parts.changed(dialog);
    return body;
  }

  failed(): void {
    if (this.#dialog?.chosen !== undefined) return;
    if (this.#dialog !== undefined) this.#parts.dialogs.remove(this.#dialog);
    this.#dialog = undefined;
    this.#call?.end();
    this.#call = undefined;
  }

  /** undefined: it is known to pass as it is. */
  #newCall({ message }: Incoming, facts: CallFacts): MediaCall | undefined {
    const offer = plainSdpOf(message);
    if (offer !== undefined && this.#parts.passes(facts, offer)) return undefined;
    this.#callId = ownText(message.callId());
    this.#aTag = ownText(message.from().tag ?? '');
    return this.#parts.newCall(facts, () => this.#dialog);
  }

  /** `isOther`: the call has been answered before; this is that answer again, or another telephone's. */
  #describe(call: MediaCall, found: MessageSdp, isFinal: boolean, isOther: boolean): Uint8Array | undefined {
    if (isOther) return bodyOf(found, call.reword('b', found.sdp));
    if (isFinal) call.up();
    return bodyOf(found, this.#isDelayed ? call.offer('b', found.sdp) : call.answer('b', found.sdp, isFinal));
  }

  #dialogWith(call: MediaCall, tag: string): MediaDialog {
    const known = this.#dialog;
    if (known?.bTags.includes(tag) === true) return known;
    const dialog = known ?? { call, callId: this.#callId, aTag: this.#aTag, bTags: [], chosen: undefined };
    if (known === undefined) this.#parts.dialogs.add(dialog);
    this.#dialog = dialog;
    dialog.bTags.push(ownText(tag));
    return dialog;
  }
}

/** A request in a dialog whose media are relayed here: re-INVITE, UPDATE, PRACK. */
export class DialogMedia implements BranchMedia {
  readonly isRelayed = true;
  readonly #dialog: MediaDialog;
  readonly #call: MediaCall;
  readonly #side: RelaySide;
  readonly #method: string;
  readonly #changed: (dialog: MediaDialog) => void;
  /** Who has offered in this transaction; undefined: nobody. */
  #offerer: RelaySide | undefined;
  #isAnswered = false;

  constructor({ dialog, side }: FoundDialog, method: string, changed: (dialog: MediaDialog) => void) {
    this.#dialog = dialog;
    this.#call = dialog.call;
    this.#side = side;
    this.#method = method;
    this.#changed = changed;
  }

  request({ message }: Incoming): NewBody {
    const found = sdpOf(message);
    if (found === undefined) {
      if (this.#method === 'INVITE') this.#offerer = otherSide(this.#side);
      return undefined;
    }
    const call = this.#call;
    // RFC 3262 §5: a PRACK answers the offer of the response that it acknowledges, or makes one itself.
    if (this.#method === 'PRACK' && call.isOfferedBy(otherSide(this.#side))) {
      return bodyOf(found, call.answer(this.#side, found.sdp, true));
    }
    this.#offerer = this.#side;
    return bodyOf(found, call.offer(this.#side, found.sdp));
  }

  response(message: SipMessage): Uint8Array | undefined {
    const found = sdpOf(message);
    const isFinal = message.status >= 200;
    if (found === undefined) {
      if (!isFinal || this.#offerer !== this.#side) return undefined;
      this.#call.accepted();
      this.#changed(this.#dialog);
      return undefined;
    }
    const described = this.#describe(found, isFinal);
    this.#isAnswered ||= isFinal;
    if (isFinal) this.#changed(this.#dialog);
    return bodyOf(found, described);
  }

  failed(): void {
    if (!this.#isAnswered && this.#offerer === this.#side) this.#call.rejected();
  }

  #describe({ sdp }: MessageSdp, isFinal: boolean): Described {
    const answerer = otherSide(this.#side);
    if (this.#isAnswered || this.#offerer === undefined) return this.#call.reword(answerer, sdp);
    return this.#offerer === answerer ? this.#call.offer(answerer, sdp) : this.#call.answer(answerer, sdp, isFinal);
  }
}
