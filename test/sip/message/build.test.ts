import { describe, expect, test } from 'vitest';
import { buildRequest, buildResponse } from '../../../src/sip/message/build.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { decoded, neededLines, request } from './messages.ts';

const linesOf = (bytes: Buffer): string[] => bytes.toString('latin1').split('\r\n');

describe('a response', () => {
  const invite = request(
    'INVITE',
    'Record-Route: <sip:p1;lr>',
    'Timestamp: 54',
    'Contact: <sip:x@y>',
    'Via: SIP/2.0/UDP 192.0.2.9',
  );

  test('has what RFC 3261 §8.2.6 says of its request, and a To tag', () => {
    expect(linesOf(buildResponse(invite, 404, { toTag: 'abc' }))).toEqual([
      'SIP/2.0 404 Not Found',
      neededLines[0],
      `${neededLines[2]};tag=abc`,
      neededLines[3],
      neededLines[4],
      'CSeq: 314159 INVITE',
      'Via: SIP/2.0/UDP 192.0.2.9',
      'Content-Length: 0',
      '',
      '',
    ]);
  });

  test('that makes a dialog carries Record-Route back, ours above the others', () => {
    expect(linesOf(buildResponse(invite, 180))).toContain('Record-Route: <sip:p1;lr>');
    expect(linesOf(buildResponse(invite, 100))).not.toContain('Record-Route: <sip:p1;lr>');
    const answer = decoded(buildResponse(invite, 200, { recordRoute: '<sip:me;lr>' }));
    expect(answer.elements(HeaderId.RecordRoute)).toEqual(['<sip:me;lr>', '<sip:p1;lr>']);
  });

  test('100 has Timestamp and no To tag (§8.2.6.1)', () => {
    const trying = linesOf(buildResponse(invite, 100, { toTag: 'abc' }));
    expect(trying).toContain('Timestamp: 54');
    expect(trying).toContain(neededLines[2]);
  });

  test('keeps the To tag of a dialog', () => {
    const bye = decoded(
      `BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1\r\nf: <sip:a>;tag=1\r\nt: <sip:b>;tag=2\r\ni: c\r\nCSeq: 2 BYE\r\n\r\n`,
    );
    expect(linesOf(buildResponse(bye, 200, { toTag: 'abc' }))).toContain('t: <sip:b>;tag=2');
  });

  test('has the top Via as it is given, and those behind it on the same line', () => {
    const ok = decoded(
      `OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;rport;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2\r\nf: <sip:a>;tag=1\r\nt: <sip:b>\r\ni: c\r\nCSeq: 2 OPTIONS\r\n\r\n`,
    );
    const via = ok.topVia()!.withReceived('192.0.2.7', 5062);
    const answer = decoded(buildResponse(ok, 200, { topVia: via }));
    expect(answer.elements(HeaderId.Via)).toEqual([
      'SIP/2.0/UDP a;branch=z9hG4bK1;rport=5062;received=192.0.2.7',
      'SIP/2.0/UDP b;branch=z9hG4bK2',
    ]);
  });

  test('has a body, further fields and a reason that cannot break the line', () => {
    const answer = decoded(
      buildResponse(invite, 488, {
        reason: 'No\r\nX: 1',
        headers: [['X-A', '1']],
        body: Buffer.from('why'),
        contentType: 'text/plain',
      }),
    );
    expect(answer.reason()).toBe('No  X: 1');
    expect(answer.valueOf('x-a')).toBe('1');
    expect(answer.body().toString()).toBe('why');
  });
});

test('a request is made of its parts', () => {
  const message = decoded(
    buildRequest({
      method: 'NOTIFY',
      requestUri: 'sip:a@b',
      headers: [
        [HeaderId.Via, 'SIP/2.0/UDP me;branch=z9hG4bK1'],
        [HeaderId.From, '<sip:c@d>;tag=1'],
        [HeaderId.To, '<sip:a@b>;tag=2'],
        [HeaderId.CallId, 'x'],
        [HeaderId.CSeq, '1 NOTIFY'],
      ],
      body: Buffer.from('state'),
      contentType: 'text/plain',
    }),
  );
  expect(message.method).toBe('NOTIFY');
  expect(message.body().toString()).toBe('state');
});
