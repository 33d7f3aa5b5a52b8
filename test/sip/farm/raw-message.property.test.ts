import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headOf, readRawRequest, readRawResponse } from '../../../src/sip/farm/raw-message.ts';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { forwardedResponse } from '../../../src/sip/proxy/forwarded-response.ts';

const ours = fc
  .record({
    name: fc.constantFrom('Via: ', 'Via: ', 'Via: ', 'v: ', 'VIA: ', 'Via : ', 'Via:'),
    sentBy: fc.constantFrom('192.0.2.1:5060', 'proxy.example.org', '[2001:db8::1]:5060'),
    params: fc.shuffledSubarray(['rport', 'received=198.51.100.1', 'hf=m2', 'x="a;hf=m9"', 'branch=z9hG4bKhf.aaa'], {
      minLength: 2,
    }),
    space: fc.constantFrom('', ' '),
  })
  .map(({ name, sentBy, params, space }) => ({
    name,
    value: `SIP/2.0/UDP ${sentBy}${params.map((one) => `${space};${one}`).join('')}`,
  }));
const theirs = fc.constantFrom(
  'SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKa;rport=5062;received=198.51.100.9',
  'SIP/2.0/UDP phone.example.org;branch=z9hG4bKb',
);
const layout = fc.constantFrom('lines', 'comma', 'comma and space', 'apart', 'folded');
const needed = ['From: <sip:a@example.org>;tag=a', 'To: <sip:b@example.org>;tag=b', 'Content-Length: 0'];
const others = fc
  .shuffledSubarray(['Max-Forwards: 70', 'Subject: Via: x\t, hf=m3', 'Allow: INVITE, ACK', 'X-Via: a;hf=m4'])
  .map((more) => [...needed, ...more]);

function viaLines(
  mine: { name: string; value: string },
  next: string,
  how: string,
  between: readonly string[],
): string[] {
  if (how === 'lines') return [`${mine.name}${mine.value}`, `Via: ${next}`, ...between];
  if (how === 'apart') return [`${mine.name}${mine.value}`, ...between, `Via: ${next}`];
  if (how === 'folded') return [`${mine.name}${mine.value}`, ` ,${next}`, ...between];
  return [`${mine.name}${mine.value},${how === 'comma' ? '' : ' '}${next}`, ...between];
}

const parsed = (text: string): SipMessage | undefined => {
  const message = decodeMessage(Buffer.from(text, 'latin1'));
  return message instanceof SipMessage ? message : undefined;
};

describe('what is read from the bytes of a response', () => {
  const responses = fc.record({ mine: ours, next: theirs, how: layout, between: others, first: fc.boolean() });
  const textOf = ({ mine, next, how, between, first }: typeof responses extends fc.Arbitrary<infer T> ? T : never) => {
    const vias = viaLines(mine, next, how, first ? [] : between);
    const lines = [...(first ? between : []), ...vias, 'Call-ID: c1', 'CSeq: 2 BYE'];
    return ['SIP/2.0 200 OK', ...lines, '', ''].join('\r\n');
  };

  test('is what the parser reads, or nothing', () => {
    let read = 0;
    fc.assert(
      fc.property(responses, (parts) => {
        const text = textOf(parts);
        const raw = readRawResponse(text);
        const message = parsed(text);
        if (raw === undefined || message === undefined) return;
        read++;
        const via = message.topVia();
        expect(raw).toMatchObject({ status: 200, branch: via?.branch, member: via?.param('hf') ?? '' });
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(50);
  });

  test('leaves, without our Via, what the proxy would have made', () => {
    let read = 0;
    fc.assert(
      fc.property(responses, (parts) => {
        const text = textOf(parts);
        const raw = readRawResponse(text);
        const message = parsed(text);
        if (raw === undefined || message?.has(HeaderId.ContentLength) !== true || raw.nextStart < 0) return;
        read++;
        const cut = text.slice(0, raw.viaStart) + text.slice(raw.viaEnd);
        const expected = forwardedResponse(message).toString('latin1');
        expect(
          parsed(cut)
            ?.values(HeaderId.Via)
            .map((one) => one.trim()),
        ).toEqual(
          parsed(expected)
            ?.values(HeaderId.Via)
            .map((one) => one.trim()),
        );
        expect(cut.replace(/^Via: */m, 'Via: ')).toBe(expected.replace(/^Via: */m, 'Via: '));
        expect(text.slice(raw.nextStart, raw.nextEnd).trim()).toContain(parts.next.slice(0, 30));
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(20);
  });
});

describe('what is read from the bytes of a request', () => {
  const requests = fc.record({
    method: fc.constantFrom('INVITE', 'ACK', 'CANCEL', 'REGISTER', 'OPTIONS', 'OPTION', 'MESSAGE'),
    uri: fc.constantFrom(
      'sip:b@example.org',
      'sip:b@example.org',
      'sip:192.0.2.1',
      'tel:+1',
      'sip:b@192.0.2.1;hf=m1.-.00000000;lr',
    ),
    callId: fc.constantFrom(
      'Call-ID: c1',
      'Call-ID: c1',
      'Call-ID: c1',
      'i: c1',
      'CALL-ID: c1',
      'Call-ID : c1',
      'Call-ID: c1\r\n ',
      'I:c1',
    ),
    route: fc.constantFrom(
      '',
      'Route: <sip:x;lr>',
      'ROUTE : <sip:x;lr>',
      'route: <sip:x;lr>',
      'Record-Route: <sip:x;lr>',
    ),
    rest: others,
  });

  test('is the Call-ID of one that nothing else directs, or nothing', () => {
    let read = 0;
    fc.assert(
      fc.property(requests, ({ method, uri, callId, route, rest }) => {
        const lines = ['Via: SIP/2.0/UDP h;branch=z9hG4bKa', ...rest, ...(route === '' ? [] : [route]), callId];
        const text = [`${method} ${uri} SIP/2.0`, ...lines, `CSeq: 1 ${method}`, '', ''].join('\r\n');
        const raw = readRawRequest(text);
        const message = parsed(text);
        if (raw === undefined || message === undefined) return;
        read++;
        expect(raw.callId).toBe(message.callId());
        expect(message.has(HeaderId.Route)).toBe(false);
        expect(message.requestUriText()).toBe('sip:b@example.org');
        expect(['REGISTER', 'OPTIONS', 'OPTION']).not.toContain(message.method);
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(10);
  });
});

test('noise is never read, and never throws', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('', 'SIP/2.0 200 ', 'INVITE sip:a@b SIP/2.0\r\n'),
      (noise, start) => {
        const head = headOf(Buffer.concat([Buffer.from(start), noise])) ?? '';
        readRawRequest(head);
        readRawResponse(head);
      },
    ),
    { numRuns: 1000 },
  );
  expect(headOf(Buffer.alloc(5000, 'a'))).toBeUndefined();
});
