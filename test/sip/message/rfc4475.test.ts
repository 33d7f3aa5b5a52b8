import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildResponse } from '../../../src/sip/message/build.ts';
import { dateField } from '../../../src/sip/message/date-field.ts';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { MessageEdit } from '../../../src/sip/message/edit.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { Malformed } from '../../../src/sip/message/malformed.ts';
import { mediaType } from '../../../src/sip/message/session-fields.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { aorOf } from '../../../src/sip/message/uri-compare.ts';
import { StreamFramer } from '../../../src/sip/message/stream-framer.ts';
import { decoded, refused } from './messages.ts';
import { rfc4475, rfc4475Messages } from './vectors.ts';

/** What the codec takes, and what must then be true. */
const taken: Readonly<Record<string, (message: SipMessage) => void>> = {
  wsinv(message) {
    expect(message.method).toBe('INVITE');
    expect(message.requestUri()?.param('unknownparam')).toBe('');
    expect(message.to().tag).toBe('1918181833n');
    expect(message.to().uriText).toBe('sip:vivekg@chair-dnrc.example.com');
    expect(message.from().displayName).toBe('J Rosenberg \\"');
    expect(message.from().tag).toBe('98asjd8');
    expect(message.maxForwards()).toBe(68);
    expect(message.cseq()).toEqual({ number: 9, method: 'INVITE' });
    expect(viasOf(message)).toEqual([
      'UDP 192.0.2.2 390skdjuw',
      'TCP spindle.example.com z9hG4bK9ikj8',
      'UDP 192.168.255.111 z9hG4bK30239',
    ]);
    expect(message.value(HeaderId.Subject)).toBe('');
    expect(message.valueOf('newfangledheader')?.replace(/ +/g, ' ')).toBe(
      'newfangled value continued newfangled value',
    );
    expect(message.valueOf('UnknownHeaderWithUnusualValue')).toBe(';;,,;;,;');
    expect(addressesOf(message.routes())).toEqual(['sip:services.example.com;lr;unknownwith=value;unknown-no-value']);
    const contact = contactsOf(message)[0]!;
    expect(contact.displayName).toBe('Quoted string ""');
    expect([contact.param('newparam'), contact.param('secondparam'), contact.param('q')]).toEqual([
      'newvalue',
      '',
      '0.33',
    ]);
    expect(message.bodyLength).toBe(150);
  },
  intmeth(message) {
    expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    const uri = message.requestUri();
    expect(uri?.user).toBe("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    expect(uri?.password).toBe("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    expect(uri?.host).toBe('example.com');
    expect(message.topVia()?.branch).toBe("z9hG4bK-.!%66*_+`'~");
    expect(message.to().displayName).toBe('BEL:\u0007 NUL:\0 DEL:\u007f');
    expect(message.from().displayName).toBe("token1~` token2'+_ token3*%!.-");
    expect(message.from().tag).toBe("_token~1'+`*%!-.");
    expect(Buffer.from(message.from().param("fromparam''~+*_!.-%") ?? '', 'latin1').toString()).toBe('работающий');
    expect(message.maxForwards()).toBe(255);
  },
  esc01(message) {
    expect(message.requestUri()?.user).toBe('sips%3Auser%40example.com');
    expect(message.requestUri()?.host).toBe('example.net');
    expect(aorOf(message.to().uri!)).toBe('user@example.com');
    expect(aorOf(message.from().uri!)).toBe('I have spaces@example.net');
    expect(contactsOf(message)[0]?.uri?.params()).toHaveLength(2);
  },
  escnull(message) {
    expect(message.to().uri?.user).toBe('null-%00-null');
    expect(contactsOf(message).map(({ uriText }) => uriText)).toEqual([
      'sip:%00@host5.example.com',
      'sip:%00%00@host5.example.com',
    ]);
    expect(new Set(contactsOf(message).map(({ uri }) => aorOf(uri!))).size).toBe(2);
  },
  esc02(message) {
    expect(message.method).toBe('RE%47IST%45R');
    expect(message.to().displayName).toBe('%Z%45');
    expect(contactsOf(message).map(({ uriText }) => uriText)).toEqual([
      'sip:alias1@host1.example.com',
      'sip:alias3@host3.example.com',
    ]);
    expect(message.valueOf('C%6Fntact')).toBe('<sip:alias2@host2.example.com>');
  },
  lwsdisp(message) {
    expect(message.from().displayName).toBe('caller');
    expect(message.from().uriText).toBe('sip:caller@example.com');
  },
  longreq(message) {
    expect(message.count(HeaderId.Via)).toBe(34);
    expect(message.to().displayName).toContain('extremeextreme');
    expect(message.bodyLength).toBe(150);
  },
  dblreq(message) {
    expect(message.method).toBe('REGISTER');
    expect(message.bytes.length).toBeLessThan(rfc4475('dblreq').length);
    expect(message.bodyLength).toBe(0);
  },
  semiuri(message) {
    expect(message.requestUri()?.user).toBe('user;par=u%40example.net');
    expect(message.requestUri()?.params()).toEqual([]);
    expect(aorOf(message.requestUri()!)).toBe('user;par=u@example.net@example.com');
  },
  transports(message) {
    expect(viasOf(message).map((via) => via.split(' ')[0])).toEqual(['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP']);
  },
  mpart01(message) {
    expect(mediaType(message)).toBe('multipart/mixed');
    expect(message.bodyLength).toBe(553);
    expect(message.body().subarray(-22).toString()).toBe('--7a9cbec02ceef655--\r\n');
    expect(dateField(message)).toBe(Date.UTC(2005, 9, 15, 4, 44, 56));
  },
  unreason(message) {
    expect(message.status).toBe(200);
    expect(Buffer.from(message.reason(), 'latin1').toString()).toBe('= 2**3 * 5**2 но сто девяносто девять - простое');
  },
  noreason(message) {
    expect(message.status).toBe(100);
    expect(message.reason()).toBe('');
    expect(message.method).toBe('INVITE');
  },
  baddate(message) {
    expect(message.has(HeaderId.Date)).toBe(true);
    expect(dateField(message)).toBeUndefined();
  },
  regbadct(message) {
    expect(message.contacts()).toBeInstanceOf(Malformed);
  },
  badbranch(message) {
    expect(message.topVia()?.branch).toBe('z9hG4bK');
    expect(message.topVia()?.hasUniqueBranch).toBe(false);
  },
  unkscm(message) {
    expect(message.requestUri()).toBeUndefined();
    expect(message.requestUriScheme()).toBe('nobodyknowsthisscheme');
  },
  novelsc(message) {
    expect(message.requestUri()).toBeUndefined();
    expect(message.requestUriScheme()).toBe('soap.beep');
  },
  unksm2(message) {
    expect(message.to().uri).toBeUndefined();
    expect(message.to().uriText).toBe('isbn:2983792873');
    expect(message.from().uriText).toBe('http://www.example.com');
    expect(contactsOf(message)[0]?.uri).toBeUndefined();
  },
  bext01(message) {
    expect(message.elements(HeaderId.Require)).toEqual(['nothingSupportsThis', 'nothingSupportsThisEither']);
    expect(message.elements(HeaderId.ProxyRequire)).toEqual(['noProxiesSupportThis', 'norDoAnyProxiesSupportThis']);
  },
  invut(message) {
    expect(mediaType(message)).toBe('application/unknownformat');
  },
  regaut01(message) {
    expect(message.has(HeaderId.Authorization)).toBe(true);
    expect(message.authorizations(HeaderId.Authorization)).toEqual([]);
  },
  bcast(message) {
    expect(viasOf(message)).toEqual(['UDP 192.0.2.198 z9hG4bK1324923', 'UDP 255.255.255.255 z9hG4bK1saber23']);
  },
  zeromf(message) {
    expect(message.maxForwards()).toBe(0);
  },
  cparam01(message) {
    const contact = contactsOf(message)[0]!;
    expect(contact.param('unknownparam')).toBe('');
    expect(contact.uri?.has('unknownparam')).toBe(false);
  },
  cparam02(message) {
    const contact = contactsOf(message)[0]!;
    expect(contact.param('unknownparam')).toBeUndefined();
    expect(contact.uri?.param('unknownparam')).toBe('');
  },
  regescrt(message) {
    expect(contactsOf(message)[0]?.uri?.headers()).toEqual([['Route', '%3Csip:sip.example.com%3E']]);
  },
  sdp01(message) {
    expect(message.elements(HeaderId.Accept)).toEqual(['text/nobodyKnowsThis']);
  },
  inv2543(message) {
    expect(message.topVia()?.branch).toBeUndefined();
    expect(message.from().tag).toBeUndefined();
    expect(message.maxForwards()).toBeUndefined();
    expect(message.bodyLength).toBeGreaterThan(0);
  },
};

/** What the codec refuses: the status, and a word of the reason. Status 0 is dropped without an answer. */
const refusals: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  badinv01: [400, 'Via with an empty parameter'],
  clerr: [400, 'Content-Length'],
  ncl: [400, 'Content-Length'],
  scalar02: [400, 'CSeq'],
  scalarlg: [0, 'CSeq'],
  quotbal: [400, 'To with a quoted string'],
  ltgtruri: [400, 'Request-URI'],
  lwsruri: [400, 'Request-URI'],
  lwsstart: [400, 'Request-URI'],
  trws: [400, 'version'],
  escruri: [400, 'headers in the Request-URI'],
  badaspec: [400, 'To'],
  baddn: [400, 'From'],
  badvers: [505, 'Version'],
  mismatch01: [400, 'CSeq'],
  mismatch02: [400, 'CSeq'],
  bigcode: [0, 'start line'],
  insuf: [400, 'no Call-ID'],
  multi01: [400, 'once only'],
  mcl01: [400, 'once only'],
};

describe('the messages of RFC 4475', () => {
  test('are all spoken of here, and in the table for people', () => {
    const names = rfc4475Messages().map(({ name }) => name);
    expect([...Object.keys(taken), ...Object.keys(refusals)].sort()).toEqual([...names].sort());
    const table = readFileSync(join(import.meta.dirname, '../../../docs/protocols/sip-rfc4475.md'), 'utf8');
    for (const { name, section } of rfc4475Messages()) expect(table).toContain(`| ${name} | ${section} |`);
  });

  test('are whole', () => {
    expect(rfc4475Messages()).toHaveLength(49);
    for (const { name, octets } of rfc4475Messages()) expect(rfc4475(name)).toHaveLength(octets);
  });
});

describe.each(rfc4475Messages().filter(({ name }) => name in taken))('§$section $name: $what', ({ name }) => {
  test('is read as it was meant', () => {
    taken[name]!(decoded(rfc4475(name)));
  });

  test('comes out as it went in', () => {
    const message = decoded(rfc4475(name));
    expect(new MessageEdit(message).serialise().equals(message.bytes)).toBe(true);
  });

  test('comes out of a stream, too', () => {
    const bytes = rfc4475(name);
    const [first] = new StreamFramer().push(bytes);
    // Without Content-Length there is no body in a stream
    if (name === 'inv2543') expect(first).toMatchObject({ kind: 'message' });
    else expect(first).toEqual({ kind: 'message', bytes: decoded(bytes).bytes });
  });
});

describe.each(rfc4475Messages().filter(({ name }) => name in refusals))('§$section $name: $what', ({ name }) => {
  const [status, reason] = refusals[name]!;

  test(status === 0 ? 'is dropped' : `is refused with ${status}`, () => {
    const bad = refused(rfc4475(name));
    expect(bad.status).toBe(status);
    expect(bad.reason).toContain(reason);
    expect(bad.offset).toBeGreaterThanOrEqual(0);
  });

  test(status === 0 ? 'has nobody to answer to' : 'can be answered with what it has', () => {
    const bad = refused(rfc4475(name));
    expect(bad.request === undefined).toBe(status === 0);
    if (bad.request === undefined) return;
    const answer = decodeMessage(buildResponse(bad.request, status, { reason: bad.reason, toTag: 'x' }));
    if ('kind' in answer) expect(answer.status).toBe(0);
    else expect(answer.status).toBe(status);
  });
});

function viasOf(message: SipMessage): string[] {
  const vias = message.vias();
  if (vias instanceof Malformed) throw new Error(vias.reason);
  return vias.map(({ transport, host, branch }) => `${transport} ${host} ${branch ?? '-'}`);
}

function addressesOf(addresses: ReturnType<SipMessage['routes']>): string[] {
  if (addresses instanceof Malformed) throw new Error(addresses.reason);
  return addresses.map(({ uriText }) => uriText);
}

function contactsOf(message: SipMessage): Exclude<ReturnType<SipMessage['contacts']>, '*' | Malformed> {
  const contacts = message.contacts();
  if (contacts === '*' || contacts instanceof Malformed) throw new Error('no list of contacts');
  return contacts;
}
