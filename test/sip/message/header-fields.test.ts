import { describe, expect, test } from 'vitest';
import { dateField, serialiseDate } from '../../../src/sip/message/date-field.ts';
import { acceptedTypes, eventField, hasToken, subscriptionState } from '../../../src/sip/message/event-fields.ts';
import { HeaderId, headerForms } from '../../../src/sip/message/header-id.ts';
import { headerIdOf, headerName } from '../../../src/sip/message/header-names.ts';
import { Malformed } from '../../../src/sip/message/malformed.ts';
import * as fields from '../../../src/sip/message/session-fields.ts';
import { request } from './messages.ts';

describe('a header field', () => {
  test('has a name in any case, and a compact one', () => {
    for (const [id, name, compact] of headerForms) {
      expect(headerIdOf(name.toUpperCase())).toBe(id);
      expect(headerName(id)).toBe(name);
      if (compact !== undefined) expect(headerIdOf(compact)).toBe(id);
    }
    expect(headerIdOf('X-Other')).toBe(HeaderId.Unknown);
    expect(new Set(headerForms.map(([id]) => id)).size).toBe(Object.keys(HeaderId).length - 1);
  });

  test('of two lines is one list', () => {
    const message = request('OPTIONS', 'Supported: path, "a,b" ,outbound', 'k: gruu');
    expect(message.elements(HeaderId.Supported)).toEqual(['path', '"a,b"', 'outbound', 'gruu']);
    expect(message.values(HeaderId.Supported)).toEqual(['path, "a,b" ,outbound', 'gruu']);
    expect(hasToken(message, HeaderId.Supported, 'gruu')).toBe(true);
    expect(hasToken(message, HeaderId.Require, 'gruu')).toBe(false);
  });

  test('without an id is found by its name', () => {
    const message = request('OPTIONS', 'X-One: 1', 'x-two :  2 ');
    expect(message.valueOf('X-TWO')).toBe('2');
    expect(message.valueOf('x-three')).toBeUndefined();
    expect(message.valueOf('call-id')).toBe(message.callId());
  });

  test.each([
    ['From: <sip:a@b>', 'From: <sip:c@d>'],
    ['l: 0', 'Content-Length: 0'],
    ['Expires: 1', 'Expires: 1'],
  ])('%s and %s in one message refuse it', (...lines) => {
    expect(() => request('OPTIONS', ...lines)).toThrow('once only');
  });

  test('that ends with a lone line feed or carriage return refuses the message (others would see other fields)', () => {
    expect(() => request('OPTIONS', 'X-A: 1\nX-B: 2')).toThrow('CR LF');
    expect(() => request('OPTIONS', 'X-A: 1\rX-B: 2')).toThrow('CR LF');
  });
});

describe('digest credentials', () => {
  test('are read with quotes, spaces and escapes', () => {
    const [digest] = request(
      'OPTIONS',
      'Authorization: Basic abc',
      'Authorization: Digest username="a\\"b",realm = "x, y" ,nonce="n", uri="sip:h;p=1", response="0a", qop=auth, nc=00000001, cnonce="c"',
    ).authorizations(HeaderId.Authorization);
    expect(digest).toMatchObject({
      username: 'a"b',
      realm: 'x, y',
      uri: 'sip:h;p=1',
      qop: 'auth',
      nc: '00000001',
      algorithm: 'MD5',
    });
  });

  test('with a name twice count as the first one says', () => {
    const [digest] = request('OPTIONS', 'Authorization: Digest username="a", username="b"').authorizations(
      HeaderId.Authorization,
    );
    expect(digest?.username).toBe('a');
  });

  test.each(['Digest', 'Digest username', 'Digest username="a', 'Digestusername="a"', 'Digest username="a" realm="b"'])(
    '"%s" are none',
    (value) => {
      expect(request('OPTIONS', `Authorization: ${value}`).authorizations(HeaderId.Authorization)).toEqual([]);
    },
  );
});

describe('fields of events', () => {
  test('name a package and an id (RFC 6665 §8.2.1)', () => {
    expect(eventField(request('SUBSCRIBE', 'o: presence.winfo ; id=7'))).toMatchObject({
      package: 'presence.winfo',
      id: '7',
    });
    expect(eventField(request('SUBSCRIBE'))).toBeUndefined();
    expect(eventField(request('SUBSCRIBE', 'Event: a b'))).toBeInstanceOf(Malformed);
  });

  test('say how a subscription is (RFC 6665 §8.2.3)', () => {
    expect(subscriptionState(request('NOTIFY', 'Subscription-State: Terminated;reason=Timeout;retry-after=5'))).toEqual(
      {
        state: 'terminated',
        reason: 'timeout',
        expiresS: undefined,
        retryAfterS: 5,
      },
    );
  });

  test('say which bodies are understood', () => {
    expect(acceptedTypes(request('SUBSCRIBE', 'Accept: application/pidf+xml;q=0.3, Text / Plain'))).toEqual([
      'application/pidf+xml',
      'text/plain',
    ]);
    expect(acceptedTypes(request('SUBSCRIBE'))).toBeUndefined();
  });
});

describe('fields of sessions', () => {
  test('Session-Expires and Min-SE (RFC 4028)', () => {
    const message = request('INVITE', 'x: 1800;refresher=UAC', 'Min-SE: 90');
    expect(fields.sessionExpires(message)).toEqual({ seconds: 1800, refresher: 'uac' });
    expect(fields.minSe(message)).toBe(90);
  });

  test('Replaces (RFC 3891) needs both tags', () => {
    expect(fields.replaces(request('INVITE', 'Replaces: 1@a;to-tag=t;from-tag=f;early-only'))).toEqual({
      callId: '1@a',
      toTag: 't',
      fromTag: 'f',
      isEarlyOnly: true,
    });
    expect(fields.replaces(request('INVITE', 'Replaces: 1@a;to-tag=t'))).toBeInstanceOf(Malformed);
  });

  test('RAck (RFC 3262), Retry-After, Reason (RFC 3326), Refer-To, Content-Type, Identity', () => {
    const message = request(
      'PRACK',
      'RAck: 776656 1 INVITE',
      'Retry-After: 18000 (in a meeting);duration=3600',
      'Reason: SIP;cause=200;text="Call completed, elsewhere", Q.850;cause=16',
      'r: "Carol" <sip:carol@example.com?Replaces=x>',
      'c: multipart / mixed ; boundary="a;b"',
      'Identity: eyJhbGci.eyJ.rq3;info=<https://x.example.com/cert>;alg=ES256',
    );
    expect(fields.rack(message)).toEqual({ rseq: 776656, cseq: 1, method: 'INVITE' });
    expect(fields.retryAfter(message)).toBe(18_000);
    expect(fields.reasons(message)).toEqual([
      { protocol: 'SIP', cause: 200, text: 'Call completed, elsewhere' },
      { protocol: 'Q.850', cause: 16, text: undefined },
    ]);
    const referTo = fields.referTo(message);
    expect(referTo instanceof Malformed ? undefined : referTo?.uri?.headersText).toBe('Replaces=x');
    const type = fields.contentType(message);
    expect(type instanceof Malformed ? undefined : [type?.value, type?.param('boundary')]).toEqual([
      'multipart/mixed',
      'a;b',
    ]);
    expect(fields.rack(request('PRACK', 'RAck: 1 2'))).toBeInstanceOf(Malformed);
  });

  test('a Date is one of this world, in GMT (RFC 3261 §20.17)', () => {
    expect(dateField(request('OPTIONS', 'Date: Sat, 13 Nov 2010 23:29:00 GMT'))).toBe(Date.UTC(2010, 10, 13, 23, 29));
    expect(dateField(request('OPTIONS', 'Date: Sat, 31 Feb 2010 23:29:00 GMT'))).toBeUndefined();
    expect(serialiseDate(Date.UTC(2010, 10, 13, 23, 29))).toBe('Sat, 13 Nov 2010 23:29:00 GMT');
  });
});
