import assert from 'node:assert/strict';
import type { BadMessage } from '../../../src/sip/message/bad-message.ts';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';

/** Bytes of a message from its lines; a body comes after an empty line. */
export function bytesOf(...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n') + (lines.includes('') ? '' : '\r\n\r\n'), 'latin1');
}

export function decoded(bytes: Buffer | string): SipMessage {
  const message = decodeMessage(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  assert(!('kind' in message), 'kind' in message ? `${message.reason} at ${message.offset}` : '');
  return message;
}

export function refused(bytes: Buffer | string): BadMessage {
  const message = decodeMessage(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  assert('kind' in message, 'the message was taken');
  return message;
}

/** Lines that each request needs. */
export const neededLines = [
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds',
  'Max-Forwards: 70',
  'To: Bob <sip:bob@biloxi.example.com>',
  'From: Alice <sip:alice@atlanta.example.com>;tag=1928301774',
  'Call-ID: a84b4c76e66710@pc33.atlanta.example.com',
] as const;

/** A request with those lines, and more. */
export function request(method: string, ...more: string[]): SipMessage {
  return decoded(
    bytesOf(`${method} sip:bob@biloxi.example.com SIP/2.0`, ...neededLines, `CSeq: 314159 ${method}`, ...more),
  );
}
