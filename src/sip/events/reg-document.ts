import { fromWireText } from '../message/characters.ts';
import { secondsLeft, type Binding } from '../registrar/binding.ts';
import { escapeXml, xmlDeclaration } from './xml-text.ts';

export const reginfoType = 'application/reginfo+xml';

/** The registrations of an account (RFC 3680 §5), all of them. `version` counts the documents of one subscription. */
export function regDocument(aor: string, bindings: readonly Binding[], version: number, nowS: number): Buffer {
  const contacts = bindings.map((binding) => contactElement(binding, nowS)).join('');
  const state = bindings.length > 0 ? 'active' : 'init';
  return Buffer.from(
    `${xmlDeclaration}<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="${version}" state="full">` +
      `<registration aor="${escapeXml(`sip:${aor}`)}" id="r" state="${state}">${contacts}</registration></reginfo>\n`,
  );
}

function contactElement(binding: Binding, nowS: number): string {
  const { uri, callId, cseq, q, instance, userAgent } = binding;
  const text = (value: string): string => escapeXml(fromWireText(value));
  const id = text(`${callId} ${uri}`);
  const unknown = instance === '' ? '' : `<unknown-param name="+sip.instance">${text(`"${instance}"`)}</unknown-param>`;
  const agent = userAgent === '' ? '' : `<unknown-param name="user-agent">${text(userAgent)}</unknown-param>`;
  return (
    `<contact id="${id}" state="active" event="registered" expires="${secondsLeft(binding, nowS)}" q="${(q / 1000).toFixed(3)}" ` +
    `callid="${text(callId)}" cseq="${cseq}"><uri>${text(uri)}</uri>${unknown}${agent}</contact>`
  );
}
