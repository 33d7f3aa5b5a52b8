/**
 * What the codec costs: nanoseconds per message, median over batches; on a busy machine the
 * best tenth says more. `scan` is decoding alone, with all its checks;
 * `access` asks what a proxy asks of each request; `forward` decodes, asks, edits (Via, Record-Route, Max-Forwards,
 * Request-URI) and serialises. `node -C hubfarm-source bench/sip/message.ts [part of a case's name]`
 */
import assert from 'node:assert/strict';
import { decodeMessage } from '../../src/sip/message/decode.ts';
import { buildResponse } from '../../src/sip/message/build.ts';
import { MessageEdit } from '../../src/sip/message/edit.ts';
import { HeaderId } from '../../src/sip/message/header-id.ts';
import type { SipMessage } from '../../src/sip/message/sip-message.ts';
import { aorOf } from '../../src/sip/message/uri-compare.ts';

const warmUpMs = 300;
const batches = 1000;
const batchSize = 200;

const invite = Buffer.from(
  [
    'INVITE sip:u00042@farm.test SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:6060;branch=z9hG4bK-4711-815-1;rport',
    'Max-Forwards: 70',
    'From: "Alice" <sip:u00041@farm.test>;tag=4711SIPpTag00815',
    'To: <sip:u00042@farm.test>',
    'Call-ID: 815-4711@127.0.0.1',
    'CSeq: 1 INVITE',
    'Contact: <sip:u00041@127.0.0.1:6060;transport=UDP>',
    'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO',
    'User-Agent: bench',
    'Content-Type: application/sdp',
    'Content-Length: 129',
    '',
    'v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n',
  ].join('\r\n'),
);

const ok = Buffer.from(
  [
    'SIP/2.0 200 OK',
    'Via: SIP/2.0/UDP 127.0.0.13:5060;branch=z9hG4bKhf1.3k.0123456789abcdef',
    'Via: SIP/2.0/UDP 127.0.0.1:6060;branch=z9hG4bK-4711-815-1;rport=6060;received=127.0.0.1',
    'Record-Route: <sip:127.0.0.13:5060;lr>',
    'From: "Alice" <sip:u00041@farm.test>;tag=4711SIPpTag00815',
    'To: <sip:u00042@farm.test>;tag=4712SIPpTag01815',
    'Call-ID: 815-4711@127.0.0.1',
    'CSeq: 1 INVITE',
    'Contact: <sip:127.0.0.1:6070;transport=UDP>',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n'),
);

const register = Buffer.from(
  [
    'REGISTER sip:farm.test SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:6060;branch=z9hG4bK-4711-815-2;rport',
    'Max-Forwards: 70',
    'From: <sip:u00041@farm.test>;tag=4711',
    'To: <sip:u00041@farm.test>',
    'Call-ID: 816-4711@127.0.0.1',
    'CSeq: 2 REGISTER',
    'Contact: <sip:u00041@127.0.0.1:6060>;expires=3600',
    'Authorization: Digest username="u00041", realm="farm.test", nonce="65536789abcdef0123456789abcdef", uri="sip:farm.test", response="0123456789abcdef0123456789abcdef", algorithm=MD5',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n'),
);

function decoded(bytes: Buffer): SipMessage {
  const message = decodeMessage(bytes);
  assert(!('kind' in message));
  return message;
}

/** What a proxy asks before it forwards a request. A number, so that nothing is left out. */
function access(message: SipMessage): number {
  const uri = message.requestUri();
  const via = message.topVia();
  const routes = message.routes();
  return (
    (uri === undefined ? 0 : aorOf(uri).length) +
    (via?.branch?.length ?? 0) +
    (via?.port ?? 0) +
    ('length' in routes ? routes.length : 0) +
    (message.maxForwards() ?? 70) +
    message.callId().length +
    message.cseq().number +
    (message.from().tag?.length ?? 0) +
    (message.to().tag === undefined ? 1 : 0) +
    (message.has(HeaderId.ProxyRequire) ? 1 : 0)
  );
}

function forward(message: SipMessage): Buffer {
  const edit = new MessageEdit(message);
  const via = message.topVia();
  if (via?.rport !== undefined) edit.replaceFirstElement(HeaderId.Via, via.withReceived('127.0.0.1', 6060));
  edit.setRequestUri('sip:u00042@127.0.0.1:6070;transport=UDP');
  edit.setMaxForwards((message.maxForwards() ?? 70) - 1);
  edit.prepend(HeaderId.RecordRoute, '<sip:127.0.0.13:5060;lr>');
  edit.prepend(HeaderId.Via, 'SIP/2.0/UDP 127.0.0.13:5060;branch=z9hG4bKhf1.3k.0123456789abcdef');
  return edit.serialise();
}

function forwardResponse(message: SipMessage): Buffer {
  const edit = new MessageEdit(message);
  edit.removeFirstElement(HeaderId.Via);
  return edit.serialise();
}

const cases: readonly { readonly name: string; readonly run: () => number }[] = [
  { name: 'INVITE: scan', run: () => decoded(invite).scan.fieldCount },
  { name: 'INVITE: scan + access', run: () => access(decoded(invite)) },
  {
    name: 'INVITE: scan + access + edit + serialise',
    run: () => {
      const message = decoded(invite);
      return access(message) + forward(message).length;
    },
  },
  { name: 'INVITE: scan + 100 Trying', run: () => buildResponse(decoded(invite), 100).length },
  { name: '200: scan', run: () => decoded(ok).scan.fieldCount },
  { name: '200: scan + remove Via + serialise', run: () => forwardResponse(decoded(ok)).length },
  { name: 'REGISTER: scan', run: () => decoded(register).scan.fieldCount },
  {
    name: 'REGISTER: scan + Contact + credentials + 200',
    run: () => {
      const message = decoded(register);
      const contacts = message.contacts();
      const contact = typeof contacts === 'object' && 'length' in contacts ? contacts[0]! : message.to();
      const [credentials] = message.authorizations(HeaderId.Authorization);
      const headers = [[HeaderId.Contact, `<${contact.uriText}>;expires=3600`]] as const;
      const answer = buildResponse(message, 200, { toTag: 'abcdef', headers });
      return answer.length + (credentials?.response?.length ?? 0) + (contact.param('expires')?.length ?? 0);
    },
  },
];

function main(wanted: string): void {
  let sum = 0;
  for (const { name, run } of cases) {
    if (!name.includes(wanted)) continue;
    const warmUntil = performance.now() + warmUpMs;
    while (performance.now() < warmUntil) sum += run();
    const times: number[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const start = performance.now();
      for (let i = 0; i < batchSize; i++) sum += run();
      times.push(((performance.now() - start) * 1e6) / batchSize);
    }
    times.sort((a, b) => a - b);
    const at = (share: number): string => times[Math.floor(times.length * share)]!.toFixed(0);
    console.log(`${at(0.5).padStart(6)} ns  (best tenth ${at(0.1)})  ${name}`);
  }
  assert(sum > 0);
}

main(process.argv[2] ?? '');
