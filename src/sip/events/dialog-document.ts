import { fromWireText } from '../message/characters.ts';
import { escapeXml, xmlDeclaration } from './xml-text.ts';

export const dialogInfoType = 'application/dialog-info+xml';

/** A call of an account, as RFC 4235 §3.7 sees it. */
export interface DialogState {
  readonly id: string;
  readonly callId: string;
  /** Of the account's own end, and of the other. */
  readonly localTag: string | undefined;
  readonly remoteTag: string | undefined;
  readonly direction: 'initiator' | 'recipient';
  readonly state: 'trying' | 'early' | 'confirmed' | 'terminated';
  /** Address of the other end, as wire text. */
  readonly remoteUri: string;
}

/** The calls of an account (RFC 4235 §4), all of them. `version` counts the documents of one subscription. */
export function dialogDocument(aor: string, dialogs: readonly DialogState[], version: number): Buffer {
  const elements = dialogs.map((dialog) => dialogElement(dialog, aor)).join('');
  return Buffer.from(
    `${xmlDeclaration}<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="full" ` +
      `entity="${escapeXml(`sip:${aor}`)}">${elements}</dialog-info>\n`,
  );
}

function dialogElement(dialog: DialogState, aor: string): string {
  const text = (value: string): string => escapeXml(fromWireText(value));
  const tag = (name: string, value: string | undefined): string =>
    value === undefined ? '' : ` ${name}="${text(value)}"`;
  return (
    `<dialog id="${text(dialog.id)}" call-id="${text(dialog.callId)}"${tag('local-tag', dialog.localTag)}` +
    `${tag('remote-tag', dialog.remoteTag)} direction="${dialog.direction}"><state>${dialog.state}</state>` +
    `<local><identity>${escapeXml(`sip:${aor}`)}</identity></local>` +
    `<remote><identity>${text(dialog.remoteUri)}</identity></remote></dialog>`
  );
}
