import { DecodeError } from '#base';
import { describe, expect, test } from 'vitest';
import { defaultHttpLimits } from '../../../src/softether/codec/http-limits.ts';
import { decodePackBody, encodePackRequest, encodePackResponse } from '../../../src/softether/codec/http-pack.ts';
import { HttpReader, type HttpMessage } from '../../../src/softether/codec/http-reader.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { preAuthPackLimits } from '../../../src/softether/codec/pack-limits.ts';

function messageOf(bytes: Buffer): HttpMessage {
  const reader = new HttpReader(defaultHttpLimits);
  reader.push(bytes);
  const message = reader.take(65_536);
  if (message === undefined) throw new Error('no whole message');
  return message;
}

const pack = new Pack().setInt('error', 8);
const body = pack.encode().toString('latin1');
const withHead = (head: string): HttpMessage =>
  messageOf(Buffer.from(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`, 'latin1'));

describe('a PACK in HTTP', () => {
  test('is a response or a request with nothing but what peers need, and a Date if wanted', () => {
    const response = messageOf(encodePackResponse(pack, { date: new Date(1_795_317_203_000) }));
    expect(response.head).toMatchObject({ kind: 'response', status: 200, version: 'HTTP/1.1' });
    expect(response.head.header('Date')).toBe('Sun, 22 Nov 2026 03:13:23 GMT');
    const request = messageOf(encodePackRequest(pack, 'vpn.example'));
    expect(request.head).toMatchObject({ kind: 'request', method: 'POST', target: '/vpnsvc/vpn.cgi' });
    expect(request.head.header('Host')).toBe('vpn.example');
    for (const message of [response, request]) expect(decodePackBody(message, preAuthPackLimits).int('error')).toBe(8);
  });

  test('may be padded, which leaves the document itself alone', () => {
    const padded = decodePackBody(
      messageOf(encodePackResponse(pack, { paddingBytes: Buffer.alloc(77) })),
      preAuthPackLimits,
    );
    expect(padded.data('pencore').length).toBe(77);
    expect(pack.has('pencore')).toBe(false);
  });

  test('is taken with the content type in any case', () => {
    const message = withHead('POST /vpnsvc/vpn.cgi HTTP/1.1\r\nContent-Type: Application/Octet-Stream');
    expect(decodePackBody(message, preAuthPackLimits).int('error')).toBe(8);
  });

  test.each([
    ['another method', 'PUT /vpnsvc/vpn.cgi HTTP/1.1\r\nContent-Type: application/octet-stream'],
    ['another target', 'POST /vpnsvc/connect.cgi HTTP/1.1\r\nContent-Type: application/octet-stream'],
    ['another version', 'POST /vpnsvc/vpn.cgi HTTP/1.0\r\nContent-Type: application/octet-stream'],
    ['another content type', 'POST /vpnsvc/vpn.cgi HTTP/1.1\r\nContent-Type: text/plain'],
    ['a parameter in the content type', 'POST /vpnsvc/vpn.cgi HTTP/1.1\r\nContent-Type: application/octet-stream; a=b'],
    ['no content type', 'POST /vpnsvc/vpn.cgi HTTP/1.1'],
    ['a status other than 200', 'HTTP/1.1 403 Forbidden\r\nContent-Type: application/octet-stream'],
  ])('is refused with %s', (_what, head) => {
    expect(() => decodePackBody(withHead(head), preAuthPackLimits)).toThrow(DecodeError);
  });
});
