import fc from 'fast-check';
import { openEmbedded } from '#backplane';
import { Lifecycle } from '#base';
import { createNodeClock } from '#io/node';
import { SeededRandom, VirtualClock } from '#io/sim';
import { decodeMessage, defaultRegistrarSettings, defaultSipGuardLimits, openSipAccounts, SipMessage } from '#sip';
import { describe, expect, test } from 'vitest';
import { digestResponse, methodHash } from '../../../src/sip/accounts/digest.ts';
import { defaultCoreSettings } from '../../../src/sip/core/settings.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';
import { accountRecord, domain, nowMs } from '../accounts/account-fixture.ts';
import { damaged, hopOf, openBareServer } from '../bare-server.ts';

const users = ['alice', 'bob', 'carol'] as const;

/** A server without sockets. */
async function openServer(isPlain: boolean) {
  const clock = new VirtualClock(nowMs);
  const backplane = await openEmbedded({ path: ':memory:', clock: createNodeClock() });
  const lifecycle = new Lifecycle();
  const accounts = await openSipAccounts(
    {
      backplane,
      clock,
      random: new SeededRandom(1),
      member: '',
      settings: {
        nonceLifetimeS: 300,
        digestAlgorithms: ['SHA-256', 'MD5'],
        guard: { ...defaultSipGuardLimits, maxFailuresPerAddress: 6 },
        registrar: { ...defaultRegistrarSettings, contactsPerAccount: 2 },
      },
    },
    lifecycle,
  );
  await accounts.directory.createDomain(domain);
  for (const user of users)
    await accounts.directory.createAccount(domain, accountRecord(user, { isEnabled: user !== 'carol' }));
  const readiness: { why: string | undefined } = { why: undefined };
  const bare = openBareServer(isPlain, {
    clock,
    directory: accounts.directory,
    authenticator: accounts.authenticator,
    location: accounts.location,
    registrar: accounts.registrar,
    ...(isPlain && { plainRegistrar: accounts.plainRegistrar }),
    gruus: accounts.gruus,
    notReady: () => readiness.why,
    secret: accounts.secret,
    settings: { ...defaultCoreSettings, natPing: { method: 'none', periodS: 30 } },
  });
  return {
    ...bare,
    accounts,
    readiness,
    /** What it sends, and where to. */
    async hear(bytes: Buffer, hop: Hop): Promise<string[]> {
      const sent = bare.hear(bytes, hop);
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      return [...sent, ...bare.since()].map(({ to, text }) => `${to}\n${text}`);
    },
    async close(): Promise<void> {
      bare.server.stop();
      await lifecycle.stop();
      await backplane.close();
    },
  };
}

/** A REGISTER to be sent, or the last one once more. */
type Step =
  | { readonly kind: 'register'; readonly register: Register }
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'ready'; readonly isReady: boolean }
  | { readonly kind: 'again' }
  | { readonly kind: 'wait'; readonly seconds: number };

/** OPTIONS, for this server or for others. */
interface Options {
  readonly address: string;
  readonly port: number;
  readonly sentBy: string | undefined;
  readonly viaParams: string;
  readonly uri: string;
  readonly to: string;
  readonly extra: readonly string[];
  readonly damage: readonly [at: number, byte: number] | undefined;
}

interface Register {
  /** `sip:` and the domain, unless it is something else. */
  readonly uri: string | undefined;
  /** Of From and To, behind the domain. */
  readonly addressTail: string;
  readonly user: (typeof users)[number] | 'nobody';
  readonly address: string;
  readonly port: number;
  readonly sentBy: string | undefined;
  readonly viaParams: string;
  readonly contact: string;
  readonly extra: readonly string[];
  readonly display: string;
  readonly proof: 'none' | 'right' | 'wrong' | 'used';
  readonly isSameCall: boolean;
  /** Where a byte is changed, and to what; in thousandths of the message. */
  readonly damage: readonly [at: number, byte: number] | undefined;
}

const often = <T>(usual: T, ...rare: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 9 * rare.length, arbitrary: fc.constant(usual) },
    { weight: rare.length, arbitrary: fc.constantFrom(...rare) },
  );

const damage = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(999), fc.integer({ min: 0, max: 255 })) },
);

const options: fc.Arbitrary<Options> = fc.record({
  address: fc.constantFrom('192.0.2.7', '192.0.2.8'),
  port: fc.constantFrom(5060, 5062),
  sentBy: often<string | undefined>(undefined, '10.0.0.7:5060', '192.0.2.7', 'phone.example.net:5060', '[2001:db8::7]'),
  viaParams: often(';rport', '', ';rport=5060', ';received=192.0.2.9', ';alias', ';maddr=192.0.2.55', ';RPORT'),
  uri: often(
    'sip:192.0.2.100:5060',
    'sip:192.0.2.100',
    `sip:${domain}`,
    `sip:${domain}:5060;transport=udp`,
    `sip:alice@${domain}`,
    'sip:192.0.2.101',
    'sip:192.0.2.100;transport=tcp',
    'sip:192.0.2.100;hf=a.b',
    'sip:192.0.2.100:0',
    'sip:192.0.2.100?a=b',
    'sips:192.0.2.100',
    'tel:+123',
  ),
  to: often(
    '<sip:192.0.2.100>',
    `<sip:${domain};user=phone>`,
    '<sip:x@y>;tag=1',
    'sip:192.0.2.100',
    '<sip:a:b@c>',
    '"x" <sip:y>',
  ),
  extra: often<readonly string[]>(
    ['Contact: <sip:probe@192.0.2.7:5060>'],
    [],
    ['Accept: application/sdp', 'Supported: gruu, "x"', 'User-Agent: Probe'],
    ['Contact: <sip:192.0.2.7>;+sip.instance="<urn:x>";reg-id=1', 'Supported: outbound, gruu'],
    ['Require: path'],
    ['Require: 100rel'],
    ['Proxy-Require: x'],
    ['Route: <sip:192.0.2.100;lr>'],
    ['Route: <sip:192.0.2.55;lr>'],
    ['Record-Route: <sip:192.0.2.55;lr>'],
    ['Authorization: Digest username="alice", realm="x", nonce="y", uri="z", response="w"'],
    ['Max-Forwards: 0', 'Expires: 5'],
    ['Expires: soon', 'Subject: a'],
    ['Supported: x', ' folded'],
    ['Content-Type: text/plain'],
  ),
  damage,
});

const register: fc.Arbitrary<Register> = fc.record({
  uri: often<string | undefined>(
    undefined,
    `sip:${domain}:5060`,
    `sip:${domain};transport=UDP`,
    `sip:${domain};x=y`,
    'sip:192.0.2.100',
  ),
  addressTail: often('', ':5060', ';transport=UDP', ';user=phone', '?a=b', ';x="y"', ':x'),
  user: fc.constantFrom('alice', 'alice', 'bob', 'carol', 'nobody'),
  address: fc.constantFrom('192.0.2.7', '192.0.2.8'),
  port: fc.constantFrom(5060, 5062),
  sentBy: often<string | undefined>(
    undefined,
    '10.0.0.7:5060',
    '192.0.2.7',
    'phone.example.net:5060',
    '[2001:db8::7]:5060',
  ),
  viaParams: often(';rport', '', ';rport=5060', ';received=192.0.2.9', ';alias', ';maddr=192.0.2.55', ';RPORT'),
  contact: often(
    '<sip:alice@192.0.2.7:5060>',
    '<sip:alice@192.0.2.8:5060;transport=udp>;expires=600',
    '<sip:alice@10.0.0.7>',
    '<sip:alice@192.0.2.7:5060>;expires=0',
    '<sip:alice@192.0.2.7:5060>;expires=30',
    '<sip:alice@192.0.2.7:5060>;q=0.5',
    '"A" <sip:alice@192.0.2.7:5060>',
    'sip:alice@192.0.2.7:5060',
    '<sip:alice@h.invalid>',
    '<sip:alice@example.org>',
    '<sip:carol@Example.org:5060;x=y>',
    '*',
    '<sip:alice@192.0.2.7:5060>;+sip.instance="<urn:uuid:1>"',
    '<sip:alice@192.0.2.7:5060>;expires=600;+sip.instance="<urn:uuid:1>"',
    '<sip:alice@192.0.2.7:5060>;+sip.instance="<urn:uuid:2>";reg-id=1;methods="INVITE, ACK"',
    '<sip:alice@192.0.2.7:5060>;reg-id=1;+sip.instance="<urn:uuid:1>";expires=700;audio;+org.x.y="a;b"',
    '<sip:alice@192.0.2.7:5060>;audio;+sip.instance="<urn:uuid:1>";video',
    '<sip:alice@192.0.2.7:5060>;Expires=600;+SIP.instance="<urn:uuid:1>"',
    '<sip:alice@192.0.2.7:5060>;expires=600;expires=700',
    '<sip:alice@192.0.2.7:5060>;+sip.instance=x;x',
    '<sip:alice@192.0.2.7:5060>;+sip.instance="a\\"b"',
    '<sip:alice@192.0.2.7:5060>; audio ;expires = 600',
    '<sip:192.0.2.7:5060>',
    '<sip:alice;x=y@192.0.2.7:5060>',
    '<sip:alice:secret@192.0.2.7>',
    '<sip:alice@192.0.2.7;x=a@b>',
    `<sip:alice@192.0.2.7:5060>;x="${'y'.repeat(500)}"`,
    '<sip:alice@192.0.2.7:5060>, <sip:alice@192.0.2.8>',
    '<sip:alice@192.0.2.7:5060;ob?x=y>',
  ),
  extra: often<readonly string[]>(
    ['Expires: 3600', 'User-Agent: Telephone'],
    ['Expires: 7200'],
    ['expires: 90000', 'Allow: INVITE', 'X-Mine: yes'],
    [],
    ['Expires: soon'],
    ['Supported: gruu', 'Expires: 900'],
    ['Supported: gruu,outbound , path'],
    ['Supported: outbound', 'Supported: gruu'],
    ['Supported: GRUU'],
    ['Supported: not-gruu, "a, gruu"'],
    ['Require: path'],
    ['Require: else'],
    ['Supported: path, gruu, outbound', 'Path: <sip:p.example.net;lr>'],
    ['Route: <sip:192.0.2.100;lr>'],
    ['Proxy-Require: x'],
    ['Subject: a', ' folded'],
    ['To: <sip:bob@example.org>'],
    ['Expires: 60', 'Expires: 70'],
    [`User-Agent: ${'long '.repeat(20)}end`],
  ),
  display: often('', '"A. L." ', 'Alice ', '"a\\"b" '),
  proof: fc.constantFrom('none', 'right', 'right', 'right', 'wrong', 'used'),
  isSameCall: fc.boolean(),
  damage,
});

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('register' as const), register }) },
    { weight: 2, arbitrary: fc.constant<Step>({ kind: 'again' }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('options' as const), options }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('ready' as const), isReady: often(true, false) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(1, 40, 299, 3_600, 7_200) }),
    },
  ),
  { minLength: 4, maxLength: 30 },
);

let serial = 0;

function optionsBytes({ address, port, sentBy, viaParams, uri, to, extra, damage }: Options): Buffer {
  const id = ++serial;
  return damaged(
    [
      `OPTIONS ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${sentBy ?? `${address}:${port}`};branch=z9hG4bK-${id}${viaParams}`,
      `From: <sip:probe@${address}>;tag=${id}`,
      `To: ${to}`,
      `Call-ID: probe-${id}@${address}`,
      `CSeq: ${id} OPTIONS`,
      ...extra,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
    damage,
  );
}

const ha1Of = (user: string, isRight: boolean): string => accountRecord(isRight ? user : `${user}2`).ha1Md5;

function bytesOf(
  one: Register,
  nonce: string,
  count: number,
  calls: Map<string, { id: string; cseq: number }>,
): Buffer {
  const { user, port, address, viaParams, contact, extra, display, proof } = one;
  let call = calls.get(user);
  if (call === undefined || !one.isSameCall) calls.set(user, (call = { id: `call-${++serial}@phone`, cseq: 0 }));
  call.cseq++;
  const uri = `sip:${domain}`;
  const nc = count.toString(16).padStart(8, '0');
  const ha2 = methodHash('md5', 'REGISTER', uri);
  const response = digestResponse(
    'md5',
    ha1Of(user, proof !== 'wrong'),
    { nonce, uri, qop: 'auth', nc, cnonce: 'xyz' },
    ha2,
  );
  const credentials =
    `Authorization: Digest username="${user}", realm="${domain}", nonce="${nonce}", uri="${uri}", ` +
    `response="${response}", algorithm=MD5, cnonce="xyz", nc=${nc}, qop=auth`;
  const lines = [
    `REGISTER ${one.uri ?? uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${one.sentBy ?? `${address}:${port}`};branch=z9hG4bK-${++serial}${viaParams}`,
    `From: ${display}<sip:${user}@${domain}${one.addressTail}>;tag=${serial}`,
    `To: ${display}<sip:${user}@${domain}${one.addressTail}>`,
    `Call-ID: ${call.id}`,
    `CSeq: ${call.cseq} REGISTER`,
    `Contact: ${contact}`,
    'Max-Forwards: 70',
    ...extra,
    ...(proof === 'none' ? [] : [credentials]),
    'Content-Length: 0',
    '',
    '',
  ];
  return damaged(lines.join('\r\n'), one.damage);
}

/** What telephones read of an answer; its tag is anybody's choice, and its lines may stand in any order. */
function meaningOf(text: string): unknown {
  const [to = '', ...lines] = text.split('\n');
  const message = decodeMessage(Buffer.from(lines.join('\n'), 'latin1'));
  if (!(message instanceof SipMessage)) return text;
  const ids = [HeaderId.Via, HeaderId.From, HeaderId.CallId, HeaderId.CSeq, HeaderId.Contact, HeaderId.WwwAuthenticate];
  const more = [
    HeaderId.Allow,
    HeaderId.Accept,
    HeaderId.AcceptEncoding,
    HeaderId.AcceptLanguage,
    HeaderId.Supported,
    HeaderId.RetryAfter,
    HeaderId.MinExpires,
    HeaderId.ContentLength,
    HeaderId.Unsupported,
  ];
  const { tag } = message.to();
  const addressed = message.value(HeaderId.To)?.replace(`;tag=${tag ?? ''}`, '');
  return [
    to,
    message.status,
    message.reason(),
    [...ids, ...more].map((id) => message.values(id).map((value) => value.replace(/temp-gruu="[^"]*"/, 'temp-gruu'))),
    addressed,
    tag !== undefined,
  ];
}

const shown = (bindings: readonly Binding[]): unknown => bindings.map((binding) => ({ ...binding }));

const noNonce = '0'.repeat(48);

describe('the short way of a plain REGISTER', () => {
  test('ends as the long one does, whatever comes', { timeout: 120_000 }, async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const [short, long] = await Promise.all([openServer(true), openServer(false)]);
        const calls = new Map<string, { id: string; cseq: number }>();
        let nonce = noNonce;
        let count = 0;
        let last: readonly [Buffer, Hop] | undefined;
        for (const step of all) {
          if (step.kind === 'wait') {
            await Promise.all([short.clock.run(step.seconds * 1000), long.clock.run(step.seconds * 1000)]);
            last = undefined;
            continue;
          }
          if (step.kind === 'ready') {
            short.readiness.why = long.readiness.why = step.isReady ? undefined : 'on purpose';
            continue;
          }
          if (step.kind === 'options') {
            const { address, port } = step.options;
            last = [optionsBytes(step.options), hopOf(address, port)];
          }
          if (step.kind === 'register') {
            const { address: remoteAddress, port: remotePort, proof } = step.register;
            if (proof !== 'used') count++;
            const hop = hopOf(remoteAddress, remotePort);
            last = [bytesOf(step.register, nonce, Math.max(count, 1), calls), hop];
          }
          if (last === undefined) continue;
          const [bytes, hop] = last;
          const [one, other] = [await short.hear(Buffer.from(bytes), hop), await long.hear(Buffer.from(bytes), hop)];
          expect(one.map(meaningOf), bytes.toString('latin1')).toEqual(other.map(meaningOf));
          const challenge = /nonce="([^"]+)"/.exec(one[0] ?? '')?.[1];
          if (challenge !== undefined) {
            nonce = challenge;
            count = 0;
          }
          for (const user of users) {
            const aor = `${user}@${domain}`;
            expect(shown(short.accounts.location.lookup(aor))).toEqual(shown(long.accounts.location.lookup(aor)));
          }
          expect(short.accounts.authenticator.counters.accepted).toBe(long.accounts.authenticator.counters.accepted);
        }
        taken += short.takenCount();
        await Promise.all([short.close(), long.close()]);
      }),
      { numRuns: 60 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
