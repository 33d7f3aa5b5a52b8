import { HeaderId } from '../../../src/sip/message/header-id.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { contactOf, FarmPhone, farmRequest, T2 } from './farm-phone.ts';

interface Dialog {
  readonly invite: SipMessage;
  readonly branch: string;
  latest: string;
  isUp: boolean;
  isOver: boolean;
  isAcknowledged: boolean;
  repeater: { stop(): void } | undefined;
}

/** Answers calls as their Call-ID says: `refused-…`, `cancelled-…` (rings), `endedByCallee-…`, `answered-…`. */
export class Callee extends FarmPhone {
  readonly dialogs = new Map<string, Dialog>();
  ringMs = 1000;
  holdMs = 3000;

  take(message: SipMessage): void {
    if (!message.isRequest) {
      if (message.method === 'BYE') this.#byeAnswered(message);
      return;
    }
    const dialog = this.dialogs.get(message.callId());
    if (message.method === 'INVITE') this.#invite(message, dialog);
    else if (message.method === 'ACK') this.#ack(message, dialog);
    else if (message.method === 'CANCEL') this.#cancel(message, dialog);
    else if (message.method === 'BYE') this.#bye(message, dialog);
  }

  /** Calls that are still up: nobody has ended them. */
  get orphans(): string[] {
    return [...this.dialogs].filter(([, { isUp, isOver }]) => isUp && !isOver).map(([callId]) => callId);
  }

  #invite(message: SipMessage, known: Dialog | undefined): void {
    const branch = message.topVia()?.branch ?? '';
    if (known !== undefined) {
      // RFC 3261 §8.2.2.2: the same request by another way; a telephone would answer 482.
      if (known.branch !== branch)
        this.faults.push(`${message.callId()}: a merged request, ${branch} after ${known.branch}`);
      else if (known.latest !== '' && !known.isUp) this.put(known.latest);
      return;
    }
    const dialog: Dialog = {
      invite: message,
      branch,
      latest: '',
      isUp: false,
      isOver: false,
      isAcknowledged: false,
      repeater: undefined,
    };
    this.dialogs.set(message.callId(), dialog);
    const plan = message.callId().split('-')[0];
    this.#say(dialog, 180);
    if (plan === 'cancelled') return;
    this.world.clock.after(this.ringMs, () => {
      if (dialog.isOver) return;
      if (plan === 'refused') this.#refuse(dialog, 486);
      else this.#accept(dialog);
    });
  }

  #say(dialog: Dialog, status: number): void {
    dialog.latest = this.responseText(dialog.invite, status, 'b');
    this.put(dialog.latest);
  }

  #refuse(dialog: Dialog, status: number): void {
    dialog.isOver = true;
    dialog.latest = this.responseText(dialog.invite, status, 'b');
    dialog.repeater = this.repeat(dialog.latest, T2, () => {
      this.faults.push(`${dialog.invite.callId()}: no ACK for ${status}`);
    });
  }

  #accept(dialog: Dialog): void {
    dialog.isUp = true;
    dialog.latest = this.responseText(dialog.invite, 200, 'b');
    dialog.repeater = this.repeat(dialog.latest, T2, () => {
      // RFC 3261 §13.3.1.4: nobody acknowledges it: the session is ended.
      this.#sendBye(dialog);
    });
  }

  #sendBye(dialog: Dialog): void {
    if (dialog.isOver) return;
    const { invite } = dialog;
    dialog.repeater?.stop();
    const bye = farmRequest({
      method: 'BYE',
      uri: contactOf(invite),
      address: this.address,
      branch: `z9hG4bKb${invite.callId()}`,
      callId: invite.callId(),
      cseq: 1,
      from: 'sip:bob@example.org',
      to: 'sip:alice@example.org',
      fromTag: 'b',
      toTag: 'a',
      routes: invite.elements(HeaderId.RecordRoute),
    });
    dialog.repeater = this.repeat(bye, T2, () => {
      dialog.isOver = true;
    });
  }

  #byeAnswered(message: SipMessage): void {
    const dialog = this.dialogs.get(message.callId());
    if (dialog === undefined || message.status < 200) return;
    dialog.isOver = true;
    dialog.repeater?.stop();
  }

  #ack(message: SipMessage, dialog: Dialog | undefined): void {
    if (dialog === undefined || message.to().tag !== 'b' || dialog.isAcknowledged) return;
    dialog.isAcknowledged = true;
    dialog.repeater?.stop();
    const isEnding = message.callId().startsWith('endedByCallee') && dialog.isUp;
    if (isEnding) this.world.clock.after(this.holdMs, () => this.#sendBye(dialog));
  }

  #cancel(message: SipMessage, dialog: Dialog | undefined): void {
    if (dialog === undefined || message.topVia()?.branch !== dialog.branch) {
      this.put(this.responseText(message, 481, 'b'));
      return;
    }
    this.put(this.responseText(message, 200, 'b'));
    if (!dialog.isUp && !dialog.isOver) this.#refuse(dialog, 487);
  }

  #bye(message: SipMessage, dialog: Dialog | undefined): void {
    this.put(this.responseText(message, dialog === undefined ? 481 : 200, 'b'));
    if (dialog !== undefined) dialog.isOver = true;
    dialog?.repeater?.stop();
  }
}
