import type { SipUri } from '../message/sip-uri.ts';

/**
 * What a Contact reads as a Request-URI (RFC 3261 §19.1.1, table 1): without header fields, which others would take for ours to
 * send, and without the method that a click on it would mean. `text` = the URI as written.
 */
export function contactAsRequestUri(uri: SipUri, text: string): string {
  const { headersText, paramsText } = uri;
  if (headersText === undefined && !/;method=/i.test(paramsText)) return text;
  const params = paramsText.replace(/;method=[^;]*/gi, '');
  const whole = uri.toString();
  const end = whole.length - paramsText.length - (headersText === undefined ? 0 : headersText.length + 1);
  return whole.slice(0, end) + params;
}
