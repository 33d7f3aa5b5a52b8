import fc from 'fast-check';
import { silentLogger } from '#base';
import { VirtualClock } from '#io/sim';
import { defaultMediaConfig, MediaProxy, PortPool } from '#media';
import { describe, expect, test } from 'vitest';
import { defaultCoreSettings } from '../../../src/sip/core/settings.ts';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import type { CallBegin } from '../../../src/sip/proxy/call-begin.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';
import { damaged, hopOf, openBareServer, ownAddress, type Sent } from '../bare-server.ts';

const domain = 'example.org';
const callerAddress = '192.0.2.7';
const strangerAddress = '198.51.100.9';

function binding(uri: string, changes: Partial<Binding> = {}): Binding {
  const flow = {
    member: '',
    transport: 'udp',
    address: '192.0.2.8',
    port: 5070,
    socketId: 3,
    connectionId: 0,
  } as const;
  const times = { expiresAtS: 4e9, grantedS: 600, keptUntilS: 4e9 };
  return {
    uri,
    params: '',
    q: 1000,
    ...times,
    callId: 'r',
    cseq: 1,
    instance: '',
    regId: 0,
    path: [],
    flow,
    isBehindNat: false,
    userAgent: '',
    ...changes,
  };
}

/** Accounts, and where they are. */
const bindings: Readonly<Record<string, readonly Binding[]>> = {
  bob: [binding('sip:bob@192.0.2.8:5070')],
  udp: [binding('sip:udp@192.0.2.8;transport=UDP')],
  odd: [binding('sip:odd@192.0.2.8:5071;x=y;transport=udp;z')],
  alone: [binding('sip:192.0.2.8:5070', { flow: undefined })],
  self: [binding(`sip:self@${callerAddress}:5064`)],
  both: [binding('sip:both@192.0.2.8:5070'), binding('sip:both@192.0.2.9:5070', { q: 500 })],
  nat: [binding('sip:nat@10.0.0.8:5070', { isBehindNat: true })],
  tcp: [binding('sip:tcp@192.0.2.8:5070;transport=tcp')],
  path: [binding('sip:path@192.0.2.8', { path: ['<sip:192.0.2.60;lr>'] })],
  method: [binding('sip:method@192.0.2.8:5070;method=BYE')],
  headers: [binding('sip:headers@192.0.2.8:5070?Subject=x')],
  maddr: [binding('sip:maddr@192.0.2.8:5070;maddr=192.0.2.9')],
  named: [binding('sip:named@phone.example.net')],
  ours: [binding(`sip:bob@${domain}`)],
  outbound: [binding('sip:outbound@192.0.2.8:5070;ob', { regId: 1, instance: '<urn:x>' })],
  gone: [],
  off: [binding('sip:off@192.0.2.8:5070')],
};

function accountNamed(user: string, host: string) {
  if (host !== domain || bindings[user] === undefined) return undefined;
  return { aor: `${user}@${domain}`, isEnabled: user !== 'off' };
}

function mediaOf(clock: VirtualClock) {
  return {
    isRefusedWhenFull: false,
    proxy: new MediaProxy(
      {
        relay: {
          means: 'none',
          open: () => ({ kind: 'refused', port: undefined, reason: 'a test' }) as const,
          figures: () => ({ sessions: 0, streams: 0, kernelStreams: 0, packets: 0, octets: 0, droppedPackets: 0 }),
        },
        ports: new PortPool(defaultMediaConfig.ports),
        machine: { sourceFor: () => ownAddress, has: (address) => address === ownAddress },
        logger: silentLogger,
        clock,
      },
      defaultMediaConfig,
      { wanAddress: '', lanNetworks: [] },
    ),
  };
}

/** With what watchers are told. */
function openServer(hasShortWays: boolean, hasMedia: boolean, recordRoute: 'always' | 'nat') {
  const clock = new VirtualClock(1_700_000_000_000);
  const told: string[] = [];
  const tell = (what: string, call: CallBegin, more: unknown): void => {
    told.push(JSON.stringify([what, call.callId, more]));
  };
  const bare = openBareServer(hasShortWays, {
    clock,
    directory: {
      isLocal: (host) => host === domain,
      find: () => undefined,
      named: accountNamed,
      accountOfNumber: () => undefined,
    },
    location: {
      lookup: (aor) => bindings[aor.slice(0, aor.indexOf('@'))] ?? [],
      aors: () => new Map<string, never>().keys(),
      onChange: () => () => undefined,
    },
    agent: {
      take: () => false,
      callBegins: (call) => {
        const { caller, callee, hop, ...texts } = call;
        const users = [caller, callee].map((one) => one && [one.scheme, one.user, one.host]);
        told.push(JSON.stringify([texts, users, hop.remoteAddress]));
        return {
          provisional: (status) => tell('provisional', call, status),
          answered: (response) => tell('answered', call, [response.status, response.to().tag]),
          failed: (status) => tell('failed', call, status),
          cancelled: () => tell('cancelled', call, undefined),
        };
      },
    },
    ...(hasMedia && { media: mediaOf(clock) }),
    settings: {
      ...defaultCoreSettings,
      proxy: { ...defaultCoreSettings.proxy, recordRoute },
      trusted: ['192.0.2.0/24'],
      natPing: { method: 'none', periodS: 30 },
    },
  });
  return { ...bare, told };
}

const often = <T>(usual: T, ...rare: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 12 * rare.length, arbitrary: fc.constant(usual) },
    { weight: rare.length, arbitrary: fc.constantFrom(...rare) },
  );

const sdp = (address: string): string =>
  `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n`;

const invite = fc.record({
  kind: fc.constant('invite' as const),
  isStranger: often(false, true),
  callee: often<string>('bob', 'nobody', ...Object.keys(bindings)),
  uri: often<string | undefined>(
    undefined,
    `sip:bob@${domain}:5060`,
    `sip:bob@${domain};transport=UDP`,
    `sip:bob@${domain};transport=tcp`,
    `sip:bob@${domain};user=phone`,
    `sip:bob@${domain};gr=x`,
    'sip:bob@Example.ORG',
    `sip:bob@${ownAddress}`,
    `sip:bob@${ownAddress}:5061`,
    `sip:b%6fb@${domain}`,
    `sip:bob:secret@${domain}`,
    `sips:bob@${domain}`,
    `sip:${domain}`,
    'sip:bob@elsewhere.example.net',
    'sip:bob@192.0.2.44:5070',
    'tel:+123',
    `sip:bob@${domain}?Subject=x`,
    `sip:b;x=y@${domain}`,
  ),
  sentBy: often<string | undefined>(undefined, '192.0.2.7', '10.0.0.7:5060', 'phone.example.net', '[2001:db8::7]:5060'),
  viaParams: often(
    ';rport',
    '',
    ';rport=5062',
    ';received=192.0.2.9',
    ';alias',
    ';maddr=192.0.2.55',
    ';RPORT',
    ' ;rport',
    ', SIP/2.0/UDP 192.0.2.44;branch=z9hG4bKbelow',
  ),
  branch: often('z9hG4bK-', 'z9hG4bK', 'Z9hG4bK-', '', 'z9hG4bKhf.'),
  below: often<readonly string[]>(
    [],
    ['Via: SIP/2.0/UDP 192.0.2.44;branch=z9hG4bKbelow;rport=5060;received=192.0.2.45'],
    ['Via: SIP/2.0/TCP 192.0.2.44;branch=z9hG4bKbelow'],
    ['Via: rubbish'],
    ['v: SIP/2.0/UDP 192.0.2.44;branch=z9hG4bKhf.0123456789abcdef.00000000.00000000'],
  ),
  maxForwards: often<string | undefined>('70', '1', '0', '255', '256', '070', 'x', undefined),
  from: often(
    `<sip:alice@${domain}>;tag=`,
    `"A. L." <sip:alice@${domain}:5060;x=y>;tag=`,
    `Alice <sip:alice@elsewhere.example.net>;tag=`,
    `"a\\"b" <sip:alice@${domain}>;tag=`,
    `sip:alice@${domain};tag=`,
    `<sip:Alice@EXAMPLE.org>;tag=`,
    `<sip:${domain}>;tag=`,
    '<tel:+123>;tag=',
    '<mailto:x@y>;tag=',
    `<sip:a%20b@${domain}>;x=y;tag=`,
    `<sip:\xfc@${domain}>;tag=`,
    `<sip:a"b@${domain}>;tag=`,
  ),
  toTail: often('', ';x=y', ';tag=b'),
  contact: often<string | undefined>(
    undefined,
    '<sip:alice@192.0.2.7:5062;transport=udp>;+sip.instance="<urn:uuid:1>";audio',
    '"A" <sip:192.0.2.7>',
    '<sip:alice@192.0.2.7:5062;ob>',
    '<sip:alice@192.0.2.7:5062;OB;x=y>',
    '<sip:alice@10.0.0.7>',
    '<sip:alice@phone.example.net>',
    'sip:alice@192.0.2.7',
    '<sip:alice@192.0.2.7>, <sip:alice@192.0.2.8>',
    '<sip:alice@192.0.2.7>;x="a\\"b"',
    '<sip:alice@192.0.2.7>; x=y',
    '<sips:alice@192.0.2.7>',
    '*',
    'rubbish',
    '',
  ),
  cseq: often('1 INVITE', '4294967295 INVITE', '4294967296 INVITE', '1 ACK', '01 INVITE', '1  INVITE', 'x'),
  extra: often<readonly string[]>(
    ['User-Agent: Telephone'],
    [],
    ['Supported: 100rel, timer', 'Session-Expires: 1800', 'Allow: INVITE, ACK', 'X-Mine: yes'],
    ['Proxy-Require: x'],
    ['Require: 100rel'],
    ['Route: <sip:192.0.2.100;lr>'],
    ['Route: <sip:192.0.2.60;lr>'],
    ['Record-Route: <sip:192.0.2.60;lr>'],
    ['Proxy-Authorization: Digest username="alice", realm="x", nonce="y", uri="z", response="w"'],
    ['P-Asserted-Identity: <sip:x@example.org>'],
    ['Max-Breadth: 7'],
    ['Timestamp: 5'],
    ['Content-Encoding: identity'],
    ['Subject: a', ' folded'],
    ['Tab:\tyes'],
    ['Subject: a\nSubject: b'],
    ['To: <sip:twice@example.org>'],
    [`User-Agent: ${'long '.repeat(900)}end`],
    ['Contact: <sip:alice@192.0.2.7>'],
  ),
  contentType: often<string | undefined>(
    'application/sdp',
    undefined,
    'text/plain',
    'application/sdp;x=y',
    'application/SDP',
  ),
  body: often(sdp(callerAddress), '', sdp('10.0.0.7'), 'rubbish'),
  lengthOff: often(0, 1, -1),
  hasLength: often(true, false),
  order: often(0, 1, 2, 3, 4, 5, 6, 7, 8),
  isCompact: often(false, true),
  isOldBranch: often(false, true),
  port: often(5062, 5060),
  damage: fc.oneof(
    { weight: 20, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(999), fc.integer({ min: 0, max: 255 })) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(999), fc.constantFrom(...Buffer.from(' \t\r\n,;:<>"0aZ'))) },
  ),
});

const answer = fc.record({
  kind: fc.constant('answer' as const),
  back: often(0, 1, 2),
  status: fc.constantFrom(100, 180, 183, 200, 200, 200, 302, 401, 404, 407, 408, 480, 486, 487, 503, 600, 603),
  tag: often('b', 'c', ''),
  contact: often<string | undefined>(
    undefined,
    '<sip:bob@192.0.2.9:5070>',
    `<sip:self@${domain}>`,
    `<sip:both@${domain}>;q=0.3, <sip:bob@192.0.2.44>;q=0.7`,
    '<https://example.org/>',
  ),
  body: often('', sdp('192.0.2.8'), 'rubbish'),
});

const step = fc.oneof(
  { weight: 8, arbitrary: invite },
  { weight: 16, arbitrary: answer },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('again' as const), back: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'cancel' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'ack' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'unreachable' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'circle' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'drain' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(0.3, 0.6, 1, 4, 33, 190) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Invite = Extract<Step, { kind: 'invite' }>;
type Answer = Extract<Step, { kind: 'answer' }>;

/** What falls due in one tick of the wheel does so in any order. */
const sorted = (sent: readonly Sent[]): Sent[] =>
  sent.toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));

let serial = 0;

/** The two servers, one with the short way and one without it, and the telephones of both. */
class Story {
  readonly short: ReturnType<typeof openServer>;
  readonly long: ReturnType<typeof openServer>;
  /** INVITEs that they have forwarded, and what they have said to the caller last. */
  readonly #forwarded: Sent[] = [];
  readonly #heard: (readonly [Buffer, Hop])[] = [];
  #lastInvite: readonly [text: string, hop: Hop] | undefined;
  #lastAnswer = '';
  #lastBranch = 'first';

  constructor(hasMedia: boolean, recordRoute: 'always' | 'nat') {
    this.short = openServer(true, hasMedia, recordRoute);
    this.long = openServer(false, hasMedia, recordRoute);
  }

  async take(one: Step): Promise<void> {
    if (one.kind === 'invite') this.#invite(one);
    else if (one.kind === 'answer') this.#answer(one);
    else if (one.kind === 'cancel') this.#follow('CANCEL');
    else if (one.kind === 'ack') this.#follow('ACK');
    else if (one.kind === 'circle') this.#circle();
    else if (one.kind === 'again') {
      const heard = this.#heard.at(-1 - one.back);
      if (heard !== undefined) this.#tell(...heard);
    } else if (one.kind === 'drain') {
      for (const { server } of [this.short, this.long]) server.drain();
    } else if (one.kind === 'unreachable') {
      const text = this.#forwarded.at(-1)?.text ?? '';
      for (const server of [this.short, this.long]) server.fail(text, new Error('nobody there'));
      this.#see(this.short.since(), this.long.since(), 'unreachable');
    } else {
      await Promise.all([this.short.clock.run(one.seconds * 1000), this.long.clock.run(one.seconds * 1000)]);
      this.#see(sorted(this.short.since()), sorted(this.long.since()), `${one.seconds} s`);
    }
  }

  /** Both get it, and do the same. */
  #tell(bytes: Buffer, hop: Hop): void {
    this.#heard.push([bytes, hop]);
    const one = this.short.hear(Buffer.from(bytes), hop);
    this.#see(one, this.long.hear(Buffer.from(bytes), hop), bytes.toString('latin1'));
  }

  #see(one: readonly Sent[], other: readonly Sent[], why: string): void {
    expect(one, why).toEqual(other);
    expect(this.short.server.figures(), why).toEqual(this.long.server.figures());
    expect(this.short.records.toSorted(), why).toEqual(this.long.records.toSorted());
    expect(this.short.told.toSorted(), why).toEqual(this.long.told.toSorted());
    for (const sent of one) {
      if (sent.text.startsWith('INVITE ')) this.#forwarded.push(sent);
      if (sent.text.startsWith('SIP/2.0 ') && sent.text.includes(' INVITE\r\n')) this.#lastAnswer = sent.text;
    }
  }

  #invite(one: Invite): void {
    const { isStranger, sentBy, viaParams, below, maxForwards, cseq, extra, contentType, body, isCompact, port } = one;
    const address = isStranger ? strangerAddress : callerAddress;
    if (!one.isOldBranch) this.#lastBranch = String(++serial);
    const branch = one.branch === '' ? '' : `;branch=${one.branch}${one.branch === 'z9hG4bK' ? '' : this.#lastBranch}`;
    const contact = one.contact ?? `<sip:alice@${address}:${port}>`;
    const lines = [
      `${isCompact ? 'v' : 'Via'}: SIP/2.0/UDP ${sentBy ?? `${address}:${port}`}${branch}${viaParams}`,
      ...below,
      ...(maxForwards === undefined ? [] : [`Max-Forwards: ${maxForwards}`]),
      `${isCompact ? 'f' : 'From'}: ${one.from}${this.#lastBranch}`,
      `To: <sip:${one.callee}@${domain}>${one.toTail}`,
      `${isCompact ? 'i' : 'Call-ID'}: call-${this.#lastBranch}`,
      `CSeq: ${cseq}`,
      ...(contact === '' ? [] : [`${isCompact ? 'm' : 'Contact'}: ${contact}`]),
      ...extra,
      ...(contentType === undefined ? [] : [`Content-Type: ${contentType}`]),
      ...(one.hasLength ? [`Content-Length: ${body.length + one.lengthOff}`] : []),
    ];
    const ordered = [...lines.slice(one.order), ...lines.slice(0, one.order)];
    const text = [`INVITE ${one.uri ?? `sip:${one.callee}@${domain}`} SIP/2.0`, ...ordered, '', body].join('\r\n');
    this.#lastInvite = [text, hopOf(address, port)];
    this.#tell(damaged(text, one.damage), hopOf(address, port));
  }

  #answer({ back, status, tag, contact, body }: Answer): void {
    const sent = this.#forwarded.at(-1 - back);
    const message = sent && decodeMessage(Buffer.from(sent.text, 'latin1'));
    if (!(message instanceof SipMessage)) return;
    const lines = [
      `SIP/2.0 ${status} Said`,
      ...message.values(HeaderId.Via).map((via) => `Via: ${via}`),
      ...message.values(HeaderId.RecordRoute).map((route) => `Record-Route: ${route}`),
      `From: ${message.value(HeaderId.From) ?? ''}`,
      `To: ${message.value(HeaderId.To) ?? ''}${tag === '' ? '' : `;tag=${tag}`}`,
      `Call-ID: ${message.callId()}`,
      `CSeq: ${message.cseq().number} INVITE`,
      `Contact: ${contact ?? '<sip:bob@192.0.2.8:5070>'}`,
      ...(status === 401 ? ['WWW-Authenticate: Digest realm="x", nonce="y"'] : []),
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ];
    this.#tell(Buffer.from(lines.join('\r\n'), 'latin1'), hopOf('192.0.2.8', 5070));
  }

  /** The caller takes its INVITE back, or acknowledges what it was told last. */
  #follow(method: 'CANCEL' | 'ACK'): void {
    if (this.#lastInvite === undefined) return;
    const [text, hop] = this.#lastInvite;
    const to = /\r\nTo: ([^\r]*)/.exec(this.#lastAnswer)?.[1] ?? '';
    const lines = text
      .slice(0, text.indexOf('\r\n\r\n'))
      .split('\r\n')
      .filter((line) => !/^(?:Content-|To:)/.test(line))
      .map((line) => line.replace(/^INVITE /, `${method} `).replace(/^(CSeq: .*)INVITE$/, `$1${method}`));
    const toLine = method === 'ACK' && to !== '' ? `To: ${to}` : (/\r\n(To: [^\r]*)/.exec(text)?.[1] ?? '');
    this.#tell(Buffer.from([...lines, toLine, 'Content-Length: 0', '', ''].join('\r\n'), 'latin1'), hop);
  }

  /** What was forwarded comes back. */
  #circle(): void {
    const sent = this.#forwarded.at(-1);
    if (sent === undefined) return;
    const text = sent.text.replace(/^INVITE \S+/, `INVITE sip:bob@${domain}`);
    this.#tell(Buffer.from(text, 'latin1'), hopOf('192.0.2.8', 5070));
  }
}

const usual: Invite = {
  kind: 'invite',
  isStranger: false,
  callee: 'bob',
  uri: undefined,
  sentBy: undefined,
  viaParams: ';rport',
  branch: 'z9hG4bK-',
  below: [],
  maxForwards: '70',
  from: `<sip:alice@${domain}>;tag=`,
  toTail: '',
  contact: undefined,
  cseq: '1 INVITE',
  extra: [],
  contentType: 'application/sdp',
  body: sdp(callerAddress),
  lengthOff: 0,
  hasLength: true,
  order: 0,
  isCompact: false,
  isOldBranch: false,
  port: 5062,
  damage: undefined,
};
const ok: Answer = { kind: 'answer', back: 0, status: 200, tag: 'b', contact: undefined, body: sdp('192.0.2.8') };

async function told(all: readonly Step[], hasMedia = true): Promise<Story> {
  const story = new Story(hasMedia, 'always');
  for (const one of all) await story.take(one);
  return story;
}

describe('the short way of an INVITE', () => {
  test.each([
    ['a usual one', usual],
    [
      'one of a stranger to an account',
      { ...usual, isStranger: true, from: '<sip:x@elsewhere.example.net>;tag=', body: sdp(strangerAddress) },
    ],
    ['one that came by way of another proxy', { ...usual, below: ['Via: SIP/2.0/UDP 192.0.2.44;branch=z9hG4bKx'] }],
    ['one to the address of the server', { ...usual, uri: `sip:bob@${ownAddress}` }],
    ['one to a contact with parameters', { ...usual, callee: 'odd' }],
  ] as const)('is that of %s', async (_name, one) => {
    expect((await told([one, ok])).short.takenCount()).toBe(1);
  });

  test.each([
    ['two telephones', { ...usual, callee: 'both' }],
    ['a telephone behind a NAT', { ...usual, callee: 'nat' }],
    ['an account that is switched off', { ...usual, callee: 'off' }],
    ['media that go through the server', { ...usual, body: sdp('10.0.0.7') }],
    ['somebody who has to prove who he is', { ...usual, isStranger: true }],
    ['an INVITE that has a transaction', { ...usual, isOldBranch: true }],
  ] as const)('is not that of %s', async (_name, one) => {
    expect((await told(one.isOldBranch ? [usual, one] : [one])).short.takenCount()).toBe(one.isOldBranch ? 1 : 0);
  });

  test('leads to the same call, whatever becomes of it', async () => {
    const ways: (readonly Step[])[] = [
      [
        { ...ok, status: 180 },
        { kind: 'wait', seconds: 190 },
        { kind: 'wait', seconds: 33 },
      ],
      [{ kind: 'wait', seconds: 33 }, { kind: 'ack' }],
      [{ kind: 'cancel' }, { ...ok, status: 180 }, { ...ok, status: 487 }, { kind: 'ack' }],
      [{ ...ok, status: 180 }, { kind: 'cancel' }, ok, { kind: 'wait', seconds: 1 }],
      [{ ...ok, status: 302, contact: `<sip:self@${domain}>` }, { ...ok, status: 486 }, { kind: 'ack' }],
      [{ kind: 'unreachable' }, { kind: 'wait', seconds: 4 }],
      [ok, ok, { ...ok, tag: 'c' }, { kind: 'wait', seconds: 33 }, ok],
      [
        { ...ok, status: 503 },
        { kind: 'wait', seconds: 33 },
      ],
    ];
    for (const way of ways) expect((await told([usual, ...way])).short.takenCount()).toBe(1);
  });

  test('ends as the long one does, whatever comes', { timeout: 120_000 }, async () => {
    let taken = 0;
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 4, maxLength: 30 }),
        fc.boolean(),
        often<'always' | 'nat'>('always', 'nat'),
        async (all, hasMedia, recordRoute) => {
          const story = new Story(hasMedia, recordRoute);
          for (const one of all) await story.take(one);
          steps += all.length;
          taken += story.short.takenCount();
          story.short.server.stop();
          story.long.server.stop();
          expect(story.short.records.toSorted()).toEqual(story.long.records.toSorted());
        },
      ),
      { numRuns: 400 },
    );
    expect(taken / steps).toBeGreaterThan(0.02);
  });
});
