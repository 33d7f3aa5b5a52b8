import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';
import { damaged, hopOf, openBareServer, ownAddress, type Sent } from '../bare-server.ts';

const domain = 'example.org';
type Side = 'a' | 'b';

/** A call that is up, as its two telephones know it. */
interface Dialog {
  readonly callId: string;
  readonly isHidden: boolean;
  readonly routes: Readonly<Record<Side, readonly string[]>>;
}

const addresses: Readonly<Record<Side, string>> = { a: '192.0.2.7', b: '192.0.2.8' };

const often = <T>(usual: T, ...rare: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 10 * rare.length, arbitrary: fc.constant(usual) },
    { weight: rare.length, arbitrary: fc.constantFrom(...rare) },
  );

const damage = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(999), fc.integer({ min: 0, max: 255 })) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(999), fc.constantFrom(...Buffer.from(' \t\r\n,;:<>"0aZ'))) },
);

const request = fc.record({
  kind: fc.constant('request' as const),
  method: fc.constantFrom('ACK', 'BYE', 'BYE'),
  side: fc.constantFrom<Side>('a', 'b'),
  dialog: fc.nat(3),
  uri: often<string | undefined>(
    undefined,
    'sip:b@192.0.2.8',
    'sip:b@192.0.2.8:5070;transport=UDP',
    'sip:b@192.0.2.8:5070;transport=Udp',
    'sip:b@192.0.2.8:5070;transport=tcp',
    'sip:b@192.0.2.8:5070\x1btransport\x1dudp',
    'sip:b@192.0.2.8:5070;ob',
    'sip:b@192.0.2.8:5070;hf=a.-.0',
    'sip:192.0.2.8:5070',
    `sip:${ownAddress}`,
    `sip:x@${ownAddress}`,
    'sip:b@example.org',
    'sip:b@phone.example.net',
    'sip:b@[2001:db8::8]:5070',
    'sip:b@192.0.2.08:5070',
    'sip:b@192.0.2.256',
    'sip:b@192.0.2.8:0',
    'sip:b@192.0.2.8:70000',
    'sip:b%20c@192.0.2.8',
    'sip:b:secret@192.0.2.8',
    'sips:b@192.0.2.8',
    'tel:+4930123',
    'SIP:b@192.0.2.8',
  ),
  sentBy: often<string | undefined>(
    undefined,
    '10.0.0.7:5060',
    '192.0.2.7',
    'phone.example.net',
    'Phone.Example.Net:5060',
    '[2001:db8::7]:5060',
  ),
  viaParams: often(
    ';rport',
    '',
    ';rport=5062',
    ';received=192.0.2.9',
    ';alias',
    ';maddr=192.0.2.55',
    ';RPORT',
    ' ;rport',
    ';rport;rport',
    ';hf=a',
    ', SIP/2.0/UDP 192.0.2.44;branch=z9hG4bKbelow',
  ),
  branch: often('z9hG4bK-', 'z9hG4bK', 'Z9hG4bK-', '', 'z9hG4bKhf.'),
  below: often(
    [],
    ['Via: SIP/2.0/UDP 192.0.2.44;branch=z9hG4bKbelow;rport=5060;received=192.0.2.45'],
    ['Via: SIP/2.0/TCP 192.0.2.44;branch=z9hG4bKbelow'],
    ['Via: rubbish'],
    ['v: SIP/2.0/UDP 192.0.2.44;branch=z9hG4bKhf.0123456789abcdef.00000000.00000000'],
  ),
  layout: fc.oneof(
    { weight: 6, arbitrary: often('lines', 'comma', 'comma and space', 'one') },
    // Not in a dialog of ours, and so with a transaction.
    { weight: 1, arbitrary: fc.constant('missing') },
  ),
  foreign: often<string | undefined>(undefined, '<sip:192.0.2.60;lr>', `<sip:${ownAddress};lr>`, '<sip:192.0.2.60>'),
  maxForwards: often<string | undefined>('70', '1', '0', '255', '256', '070', ' 70', 'x', undefined),
  fromTag: often<string | undefined>(undefined, 'other', '', 'a b'),
  toTag: often<string | undefined>(undefined, 'other', '', 'hf-00000000'),
  cseq: often('2', '1', '4294967295', '4294967296', 'x'),
  extra: often<readonly string[]>(
    ['User-Agent: Telephone'],
    [],
    ['Contact: <sip:a@192.0.2.7:5060;ob>', 'X-Mine: yes', 'Reason: Q.850;cause=16'],
    ['Proxy-Require: x'],
    ['Proxy-Authorization: Digest username="a"'],
    ['Subject: a', ' folded'],
    ['To: <sip:b@example.org>;tag=twice'],
    ['P-Asserted-Identity: <sip:x@example.org>', 'Max-Breadth: 3'],
    ['Supported:', 'Content-Type: text/plain'],
    [`User-Agent: ${'long '.repeat(900)}end`],
    ['Tab:\tyes'],
    ['Subject: a\nSubject: b'],
    ['Subject: a\rb'],
  ),
  display: often('', '"A. L." ', 'Alice ', '"a\\"b" '),
  contentLength: often<string | undefined>('0', undefined, '4', '00', '-1'),
  rest: often('', 'body', '\r\n'),
  order: often(0, 1, 2, 3, 4, 5, 6),
  isOldBranch: fc.boolean(),
  isCompact: often(false, true),
  damage,
});

const answer = fc.record({
  kind: fc.constant('answer' as const),
  status: fc.constantFrom('200 OK', '200 OK', '481 No Such Call', '100 Trying', '407', '200', '299 \xfcber'),
  back: often(0, 1, 2),
  layout: often('lines', 'comma', 'apart', 'one'),
  below: often<string | undefined>(
    undefined,
    'SIP/2.0/UDP 224.0.0.1;branch=z9hG4bKx',
    'SIP/2.0/UDP 0.1.2.3;branch=z9hG4bKx',
    'SIP/2.0/UDP phone.example.net;branch=z9hG4bKx',
    'SIP/2.0/UDP phone.example.net;branch=z9hG4bKx;received=192.0.2.7',
    'SIP/2.0/UDP 192.0.2.7:5061;branch=z9hG4bKx;rport',
    'SIP/2.0/UDP 192.0.2.7:5061;branch=z9hG4bKx;rport=5062',
    'SIP/2.0/UDP 192.0.2.7;received=192.0.2.9',
    'SIP/2.0/TCP 192.0.2.7;branch=z9hG4bKx',
    'rubbish',
  ),
  topParams: often('', ';received=192.0.2.100', ';hf=a', ';hf=b', ';rport'),
  /** Our Via does not say any more who waits. */
  isForNobody: fc.boolean(),
  cseq: often('BYE', 'INVITE', 'bye', 'ACK'),
  extra: often<readonly string[]>(
    [],
    ['Server: Telephone'],
    ['Via: SIP/2.0/UDP 192.0.2.70;branch=z9hG4bKlast'],
    ['Via: rubbish'],
    ['Subject: a', '\tfolded'],
    ['CSeq: 3 BYE'],
  ),
  contentLength: often<string | undefined>('0', undefined, '3', '00'),
  damage,
});

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('call' as const), isHidden: often(false, true) }) },
  { weight: 14, arbitrary: request },
  { weight: 8, arbitrary: answer },
  { weight: 2, arbitrary: fc.constant({ kind: 'again' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'circle' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refused' as const), side: fc.constantFrom<Side>('a', 'b') }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(0.4, 1, 5, 40) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Request = Extract<Step, { kind: 'request' }>;
type Answer = Extract<Step, { kind: 'answer' }>;

function routeLines({ layout, foreign }: Pick<Request, 'layout' | 'foreign'>, routes: readonly string[]): string[] {
  const all = [...(layout === 'one' ? routes.slice(0, 1) : routes), ...(foreign === undefined ? [] : [foreign])];
  if (layout === 'missing' || all.length === 0) return [];
  if (layout === 'comma' || layout === 'comma and space')
    return [`Route: ${all.join(layout === 'comma' ? ',' : ', ')}`];
  return all.map((one) => `Route: ${one}`);
}

let serial = 0;

/** The two servers and the telephones of both. */
class Story {
  readonly short = openBareServer(true);
  readonly long = openBareServer(false);
  readonly #dialogs: Dialog[] = [];
  /** Requests that they have sent on. */
  readonly #forwarded: Sent[] = [];
  #last: readonly [Buffer, Hop] | undefined;
  #lastBranch = 'first';

  /** Both get it, and do the same. */
  #tell(bytes: Buffer, hop: Hop): Sent[] {
    this.#last = [bytes, hop];
    const one = this.short.hear(Buffer.from(bytes), hop);
    expect(one, bytes.toString('latin1')).toEqual(this.long.hear(Buffer.from(bytes), hop));
    this.#compare(bytes.toString('latin1'));
    for (const sent of one) if (sent.text.startsWith('BYE ')) this.#forwarded.push(sent);
    return one;
  }

  #compare(why: string): void {
    expect(this.short.server.figures(), why).toEqual(this.long.server.figures());
    expect(this.short.records, why).toEqual(this.long.records);
  }

  async take(one: Step): Promise<void> {
    if (one.kind === 'call') this.#call(one.isHidden);
    else if (one.kind === 'request') this.#request(one);
    else if (one.kind === 'answer') this.#answer(one);
    else if (one.kind === 'refused') this.#refused(one.side);
    else if (one.kind === 'circle') this.#circle();
    else if (one.kind === 'again') {
      if (this.#last !== undefined) this.#tell(...this.#last);
    } else {
      await Promise.all([this.short.clock.run(one.seconds * 1000), this.long.clock.run(one.seconds * 1000)]);
      expect(this.short.since()).toEqual(this.long.since());
    }
  }

  #call(isHidden: boolean): void {
    const callId = `call-${++serial}`;
    const place = isHidden ? '10.0.0.7:5060' : `${addresses.a}:5060`;
    const common = [
      `From: <sip:a@${domain}>;tag=a`,
      `Call-ID: ${callId}`,
      'CSeq: 1 INVITE',
      'Content-Length: 0',
      '',
      '',
    ];
    const invite = [
      'INVITE sip:b@192.0.2.8:5070 SIP/2.0',
      `Via: SIP/2.0/UDP ${place};branch=z9hG4bK-${serial};rport`,
      `Contact: <sip:a@${place}>`,
      'Max-Forwards: 70',
      `To: <sip:b@${domain}>`,
      ...common,
    ];
    const sent = this.#tell(Buffer.from(invite.join('\r\n')), hopOf(addresses.a, 5062));
    const forwarded = sent.find(({ text }) => text.startsWith('INVITE '));
    const message = forwarded && decodeMessage(Buffer.from(forwarded.text, 'latin1'));
    if (!(message instanceof SipMessage)) throw new Error('the INVITE was not sent on');
    const routes = message.elements(HeaderId.RecordRoute);
    expect(routes).toHaveLength(isHidden ? 2 : 1);
    const ok = [
      'SIP/2.0 200 OK',
      ...message.values(HeaderId.Via).map((via) => `Via: ${via}`),
      ...routes.map((route) => `Record-Route: ${route}`),
      'Contact: <sip:b@192.0.2.8:5070>',
      `To: <sip:b@${domain}>;tag=b`,
      ...common,
    ];
    this.#tell(Buffer.from(ok.join('\r\n')), hopOf(addresses.b, 5070));
    this.#dialogs.push({ callId, isHidden, routes: { a: routes.toReversed(), b: routes } });
  }

  #dialog(at: number): Dialog {
    if (this.#dialogs.length === 0) this.#call(false);
    return this.#dialogs[at % this.#dialogs.length]!;
  }

  #request(one: Request): void {
    const { method, side, sentBy, viaParams, below, maxForwards, cseq, extra, display, contentLength, isCompact } = one;
    const dialog = this.#dialog(one.dialog);
    const port = side === 'a' ? 5062 : 5070;
    const usual =
      side === 'a' ? 'sip:b@192.0.2.8:5070' : `sip:a@${dialog.isHidden ? '10.0.0.7:5060' : '192.0.2.7:5060'}`;
    if (!one.isOldBranch) this.#lastBranch = String(++serial);
    const [from, to] = side === 'a' ? ['a', 'b'] : ['b', 'a'];
    const tagOf = (tag: string): string => (tag === '' ? '' : `;tag=${tag}`);
    const branch = one.branch === '' ? '' : `;branch=${one.branch}${one.branch === 'z9hG4bK' ? '' : this.#lastBranch}`;
    const lines = [
      `${isCompact ? 'v' : 'Via'}: SIP/2.0/UDP ${sentBy ?? `${addresses[side]}:${port}`}${branch}${viaParams}`,
      ...below,
      ...routeLines(one, dialog.routes[side]),
      ...(maxForwards === undefined ? [] : [`Max-Forwards: ${maxForwards}`]),
      `From: ${display}<sip:${from}@${domain}>${tagOf(one.fromTag ?? from)}`,
      `${isCompact ? 't' : 'To'}: ${display}<sip:${to}@${domain}>${tagOf(one.toTag ?? to)}`,
      `Call-ID: ${dialog.callId}`,
      `CSeq: ${cseq} ${method}`,
      ...extra,
      ...(contentLength === undefined ? [] : [`Content-Length: ${contentLength}`]),
    ];
    const ordered = [...lines.slice(one.order), ...lines.slice(0, one.order)];
    const head = [`${method} ${one.uri ?? usual} SIP/2.0`, ...ordered, '', ''].join('\r\n');
    this.#tell(damaged(head + one.rest, one.damage), hopOf(addresses[side], port));
  }

  #answer(one: Answer): void {
    const sent = this.#forwarded.at(-1 - one.back);
    const bye = sent && decodeMessage(Buffer.from(sent.text, 'latin1'));
    if (!(bye instanceof SipMessage)) return;
    const { layout, contentLength } = one;
    const [top = '', next = '', ...rest] = bye.elements(HeaderId.Via);
    const mine = `${one.isForNobody ? top.replace(';hf=a', '') : top}${one.topParams}`;
    const vias = [mine, ...(layout === 'one' ? [] : [one.below ?? next, ...rest])];
    const between = layout === 'apart' ? ['Server: Between'] : [];
    const lines = [
      `SIP/2.0 ${one.status}`,
      ...(layout === 'comma'
        ? [`Via: ${vias.join(', ')}`]
        : [`Via: ${mine}`, ...between, ...vias.slice(1).map((via) => `Via: ${via}`)]),
      `From: ${bye.value(HeaderId.From) ?? ''}`,
      `To: ${bye.value(HeaderId.To) ?? ''}`,
      `Call-ID: ${bye.callId()}`,
      `CSeq: ${bye.cseq().number} ${one.cseq}`,
      ...one.extra,
      ...(contentLength === undefined ? [] : [`Content-Length: ${contentLength}`]),
    ];
    const head = [...lines, '', ''].join('\r\n');
    this.#tell(damaged(contentLength === '3' ? `${head}abc` : head, one.damage), hopOf(addresses.b, 5070));
  }

  /** What was sent on comes back, with the Route that it had. */
  #circle(): void {
    const sent = this.#forwarded.at(-1);
    const dialog = this.#dialogs.find(({ callId }) => sent?.text.includes(`\r\nCall-ID: ${callId}\r\n`) === true);
    if (sent === undefined || dialog === undefined) return;
    const side = sent.text.includes('tag=a\r\nTo') || sent.text.includes('tag=a\r\nt:') ? 'a' : 'b';
    const routes = routeLines({ layout: 'lines', foreign: undefined }, dialog.routes[side]);
    const text = sent.text.replace('\r\n', `\r\n${routes.join('\r\n')}\r\n`);
    this.#tell(Buffer.from(text, 'latin1'), hopOf('192.0.2.9', 5060));
  }

  /** An INVITE in the dialog that the other side does not want, and its ACK, which has the same branch and Routes. */
  #refused(side: Side): void {
    const dialog = this.#dialog(0);
    const [from, to, port, otherPort] =
      side === 'a' ? (['a', 'b', 5062, 5070] as const) : (['b', 'a', 5070, 5062] as const);
    const branch = `z9hG4bK-${++serial}`;
    const textOf = (method: string): string =>
      [
        `${method} sip:${to}@${addresses[to]}:${otherPort} SIP/2.0`,
        `Via: SIP/2.0/UDP ${addresses[from]}:${port};branch=${branch}`,
        ...routeLines({ layout: 'lines', foreign: undefined }, dialog.routes[side]),
        'Max-Forwards: 70',
        `From: <sip:${from}@${domain}>;tag=${from}`,
        `To: <sip:${to}@${domain}>;tag=${to}`,
        `Call-ID: ${dialog.callId}`,
        `CSeq: 7 ${method}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
    const sent = this.#tell(Buffer.from(textOf('INVITE')), hopOf(addresses[from], port));
    const forwarded = sent.find(({ text }) => text.startsWith('INVITE '));
    if (forwarded === undefined) return;
    const vias = /(?:\r\nVia: [^\r]*)+/.exec(forwarded.text)?.[0] ?? '';
    const answerText =
      `SIP/2.0 488 No${vias}\r\nFrom: <sip:${from}@${domain}>;tag=${from}\r\nTo: <sip:${to}@${domain}>;tag=${to}\r\n` +
      `Call-ID: ${dialog.callId}\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n`;
    this.#tell(Buffer.from(answerText), hopOf(addresses[to], otherPort));
    this.#tell(Buffer.from(textOf('ACK')), hopOf(addresses[from], port));
  }
}

function boundStory() {
  const story = new Story();
  const take = async (...all: readonly Step[]): Promise<void> => {
    for (const one of all) await story.take(one);
  };
  return { take, short: story.short };
}

const usualRequest: Request = {
  kind: 'request',
  method: 'BYE',
  side: 'a',
  dialog: 0,
  uri: undefined,
  sentBy: undefined,
  viaParams: ';rport',
  branch: 'z9hG4bK-',
  below: [],
  layout: 'lines',
  foreign: undefined,
  maxForwards: '70',
  fromTag: undefined,
  toTag: undefined,
  cseq: '2',
  extra: [],
  display: '',
  contentLength: '0',
  rest: '',
  order: 0,
  isOldBranch: false,
  isCompact: false,
  damage: undefined,
};
const usualAnswer: Answer = {
  kind: 'answer',
  status: '200 OK',
  back: 0,
  layout: 'lines',
  below: undefined,
  topParams: '',
  isForNobody: false,
  cseq: 'BYE',
  extra: [],
  contentLength: '0',
  damage: undefined,
};

describe('the short way of what is in a dialog', () => {
  test('is that of ACK, BYE and the answer to it', async () => {
    const { take, short } = boundStory();
    await take(usualRequest, { ...usualRequest, method: 'ACK', side: 'b' }, usualAnswer);
    expect(short.takenCount()).toBe(3);
  });

  test('is not that of an answer that a transaction waits for, whatever our Via in it says', async () => {
    const { take, short } = boundStory();
    await take({ ...usualRequest, layout: 'missing' }, { ...usualAnswer, isForNobody: true });
    await take({ kind: 'again' }, { kind: 'wait', seconds: 5 });
    expect(short.takenCount()).toBe(0);
  });

  test('ends as the long one does, whatever comes', { timeout: 120_000 }, async () => {
    let taken = 0;
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (all) => {
        const story = new Story();
        for (const one of all) await story.take(one);
        steps += all.length;
        taken += story.short.takenCount();
        story.short.server.stop();
        story.long.server.stop();
        expect(story.short.records).toEqual(story.long.records);
      }),
      { numRuns: 400 },
    );
    expect(taken / steps).toBeGreaterThan(0.1);
  });
});
