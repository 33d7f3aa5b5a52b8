import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { parseSipUri } from '../../../src/sip/message/sip-uri.ts';
import { accountRecord, domain } from '../accounts/account-fixture.ts';
import { contact, contactsOf, openRegistrar, type RegistrarFixture } from './registrar-fixture.ts';

let fixture: RegistrarFixture;
beforeEach(async () => void (fixture = await openRegistrar()));
afterEach(() => fixture.close());

const alice = 'alice@example.org';
const uris = (): string[] => fixture.location.lookup(alice).map(({ uri }) => uri);

describe('a REGISTER', () => {
  test('makes a binding, and is answered with all of them and their time (RFC 3261 §10.3 step 8)', async () => {
    const answer = await fixture.register([contact('192.0.2.1', ';expires=600')]);
    expect(answer.status).toBe(200);
    expect(contactsOf(answer)).toEqual(['<sip:alice@192.0.2.1>;expires=600']);
    expect(answer.to().tag).toMatch(/^\w{5,}$/);
    await fixture.clock.run(100_000);
    const second = await fixture.register([contact('192.0.2.2', ';q=0.5;methods="INVITE,BYE";expires=60')]);
    expect(contactsOf(second)).toEqual([
      '<sip:alice@192.0.2.1>;expires=500',
      '<sip:alice@192.0.2.2>;expires=60;q=0.500;methods="INVITE,BYE"',
    ]);
  });

  test('is answered with the time that was granted, however long it took to store it', async () => {
    await fixture.register([contact('192.0.2.2', ';expires=600')]);
    const answer = fixture.register([contact('192.0.2.1', ';expires=600')]);
    fixture.clock.advance(1_500);
    expect(contactsOf(await answer)).toEqual([
      '<sip:alice@192.0.2.2>;expires=599',
      '<sip:alice@192.0.2.1>;expires=600',
    ]);
  });

  test('without Contact only asks', async () => {
    await fixture.register([contact('192.0.2.1')]);
    const answer = await fixture.register([]);
    expect(contactsOf(answer)).toEqual(['<sip:alice@192.0.2.1>;expires=3600']);
    expect(contactsOf(await fixture.register([], { user: 'bob' }))).toEqual([]);
  });

  test('takes the time of the Contact before that of Expires, and the usual time without either', async () => {
    const answer = await fixture.register([
      'Expires: 900',
      'Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.1>;expires=300, <sip:c@192.0.2.1>;expires=x',
    ]);
    expect(contactsOf(answer).map((line) => /expires=(\d+)/.exec(line)?.[1])).toEqual(['900', '300', '3600']);
    expect(contactsOf(await fixture.register(['Contact: <sip:d@192.0.2.1>']))).toHaveLength(4);
  });

  test('of a time that is too short gets 423 with the shortest, of one that is too long gets the longest', async () => {
    const brief = await fixture.register([contact('192.0.2.1', ';expires=59')]);
    expect([brief.status, brief.value(HeaderId.MinExpires)]).toEqual([423, '60']);
    expect(uris()).toEqual([]);
    const long = await fixture.register([contact('192.0.2.1', ';expires=4000000000')]);
    expect(contactsOf(long)).toEqual(['<sip:alice@192.0.2.1>;expires=86400']);
  });

  test('changes all of its contacts or none', async () => {
    await fixture.register([contact('192.0.2.1')]);
    const lines = [contact('192.0.2.1', ';expires=0'), contact('192.0.2.2'), contact('192.0.2.3', ';expires=5')];
    expect((await fixture.register(lines)).status).toBe(423);
    expect(uris()).toEqual(['sip:alice@192.0.2.1']);
  });

  test('removes a contact with a time of 0, and all of them with *', async () => {
    await fixture.register([contact('192.0.2.1'), contact('192.0.2.2')]);
    await fixture.register([contact('192.0.2.1', ';expires=0'), contact('192.0.2.9', ';expires=0')]);
    expect(uris()).toEqual(['sip:alice@192.0.2.2']);
    for (const lines of [['Contact: *'], ['Contact: *', 'Expires: 60']]) {
      expect((await fixture.register(lines)).status).toBe(400);
    }
    expect(contactsOf(await fixture.register(['Contact: *', 'Expires: 0']))).toEqual([]);
    expect(uris()).toEqual([]);
  });

  test('knows a contact again by the rules of RFC 3261 §19.1.4', async () => {
    await fixture.register(['Contact: <sip:%61lice@EXAMPLE.com;transport=tcp>']);
    await fixture.register(['Contact: <sip:alice@example.com;transport=TCP>;expires=0']);
    expect(uris()).toEqual([]);
    await fixture.register(['Contact: <sip:alice@example.com>']);
    await fixture.register(['Contact: <sip:ALICE@example.com>;expires=0']);
    expect(uris()).toEqual(['sip:alice@example.com']);
  });

  test('that was overtaken by a later one of the same Call-ID changes nothing (RFC 3261 §10.3 step 7)', async () => {
    await fixture.register([contact('192.0.2.1')], { cseq: 7, callId: 'x' });
    for (const cseq of [7, 6]) {
      const lines = [contact('192.0.2.1', ';expires=0')];
      expect((await fixture.register(lines, { cseq, callId: 'x' })).status).toBe(500);
      expect((await fixture.register(['Contact: *', 'Expires: 0'], { cseq, callId: 'x' })).status).toBe(500);
    }
    expect(uris()).toHaveLength(1);
    expect((await fixture.register([contact('192.0.2.1', ';expires=0')], { cseq: 1, callId: 'y' })).status).toBe(200);
    expect(uris()).toEqual([]);
  });

  test('beyond the limit of the account is told so; those that are there can be refreshed', async () => {
    await fixture.directory.updateAccount(domain, 'alice', () => ({ maxContacts: 2 }));
    await fixture.register([contact('192.0.2.1'), contact('192.0.2.2')]);
    const refused = await fixture.register([contact('192.0.2.3')]);
    expect([refused.status, refused.reason()]).toEqual([403, 'Too many contacts, at most 2 for this account']);
    expect((await fixture.register([contact('192.0.2.2', ';expires=99')])).status).toBe(200);
    expect((await fixture.register([contact('192.0.2.1', ';expires=0'), contact('192.0.2.3')])).status).toBe(200);
    expect(uris()).toEqual(['sip:alice@192.0.2.2', 'sip:alice@192.0.2.3']);
  });

  test('is of the account that To names, also by an alias, and of no other than the sender’s', async () => {
    await fixture.directory.updateAccount(domain, 'alice', () => ({ aliases: ['+49301234'] }));
    expect((await fixture.register([contact('192.0.2.1')], { user: '+49301234' })).status).toBe(200);
    expect(uris()).toHaveLength(1);
    expect((await fixture.register([contact('192.0.2.1')], { user: 'nobody' })).status).toBe(404);
    const bob = fixture.directory.account('bob@example.org')!;
    const foreign = await fixture.register([contact('192.0.2.5')], { sender: bob });
    expect(foreign.status).toBe(403);
    await fixture.directory.updateAccount(domain, 'bob', () => ({ isEnabled: false }));
    expect((await fixture.register([contact('192.0.2.1')], { user: 'bob' })).status).toBe(403);
  });

  test('that requires what is not known gets 420 with its name (RFC 3261 §8.2.2.3)', async () => {
    const answer = await fixture.register(['Require: path, gruu, sec-agree, 100rel', contact('192.0.2.1')]);
    expect([answer.status, answer.value(HeaderId.Unsupported)]).toEqual([420, 'sec-agree, 100rel']);
    expect((await fixture.register(['Require: gruu', contact('192.0.2.1')])).status).toBe(200);
  });

  test.each([
    ['Contact', [contact('192.0.2.1', `;x=${'y'.repeat(2_048)}`)]],
    ['Path', [`Path: <sip:p;x=${'y'.repeat(4_096)}>`, contact('192.0.2.1')]],
  ])('with a %s that is too long for the store gets 403', async (_, lines) => {
    expect((await fixture.register(lines)).status).toBe(403);
    expect(uris()).toEqual([]);
  });

  test('with a bad Contact gets 400', async () => {
    const answer = await fixture.register(['Contact: <sip:a@b']);
    expect([answer.status, answer.reason()]).toEqual([400, 'Bad Contact: Contact without ">"']);
  });
});

describe('a Path', () => {
  test('is kept with the binding, and said back to who knows it (RFC 3327 §5.3)', async () => {
    const lines = ['Path: <sip:edge.example.org;lr>', 'Path: <sip:inner.example.org;lr>', contact('10.0.0.1')];
    const plain = await fixture.register(lines);
    expect(plain.has(HeaderId.Path)).toBe(false);
    const [binding] = fixture.location.lookup(alice);
    expect(binding?.path).toEqual(['<sip:edge.example.org;lr>', '<sip:inner.example.org;lr>']);
    const knowing = await fixture.register(['Supported: path', ...lines]);
    expect(knowing.value(HeaderId.Path)).toBe('<sip:edge.example.org;lr>, <sip:inner.example.org;lr>');
  });

  test('that is too long is refused', async () => {
    const lines = Array.from({ length: 17 }, (_, hop) => `Path: <sip:p${hop}.example.org;lr>`);
    expect((await fixture.register([...lines, contact('10.0.0.1')])).status).toBe(403);
  });
});

describe('a client with outbound (RFC 5626)', () => {
  const instance = '"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"';
  const flow = (host: string, regId: number, rest = ''): string[] => [
    'Supported: path, outbound',
    contact(host, `;reg-id=${regId};+sip.instance=${instance}${rest}`),
  ];

  test('is known by its instance and flow, whatever its address', async () => {
    const answer = await fixture.register(flow('192.0.2.1', 1));
    expect(answer.value(HeaderId.Require)).toBe('outbound');
    expect(answer.value(HeaderId.FlowTimer)).toBe('120');
    expect(contactsOf(answer)[0]).toContain(`;+sip.instance=${instance};reg-id=1`);
    await fixture.register(flow('192.0.2.2', 2));
    await fixture.register(flow('192.0.2.9', 1));
    expect(uris()).toEqual(['sip:alice@192.0.2.9', 'sip:alice@192.0.2.2']);
  });

  test('registers one flow at a time', async () => {
    const lines = [
      'Supported: outbound',
      ...[1, 2].map((id) => contact('192.0.2.1', `;reg-id=${id};+sip.instance=${instance}`)),
    ];
    expect((await fixture.register(lines)).status).toBe(400);
  });

  test('behind a proxy that keeps no flows gets 439', async () => {
    const throughProxy = { via: '198.51.100.1;branch=z9hG4bKa, SIP/2.0/UDP 192.0.2.1:5060' };
    expect((await fixture.register(flow('192.0.2.1', 1), throughProxy)).status).toBe(439);
    const without = ['Path: <sip:edge.example.org;lr>', ...flow('192.0.2.1', 1)];
    expect((await fixture.register(without, throughProxy)).status).toBe(439);
    const withFlow = ['Path: <sip:token@edge.example.org;lr;ob>', ...flow('192.0.2.1', 1)];
    expect((await fixture.register(withFlow, throughProxy)).status).toBe(200);
    expect(fixture.location.lookup(alice)[0]).toMatchObject({ flow: undefined, regId: 1 });
  });

  test('who does not say that it supports it is known by its address', async () => {
    await fixture.register([contact('192.0.2.1', `;reg-id=1;+sip.instance=${instance}`)]);
    await fixture.register([contact('192.0.2.2', `;reg-id=1;+sip.instance=${instance}`)]);
    expect(fixture.location.lookup(alice)).toMatchObject([{ regId: 0 }, { regId: 0 }]);
  });
});

describe('the way back', () => {
  test('is kept with the binding where it came straight from the telephone', async () => {
    await fixture.register([contact('10.0.0.5')], {
      via: '10.0.0.5:5060',
      hop: { remoteAddress: '198.51.100.7', remotePort: 4711 },
    });
    expect(fixture.location.lookup(alice)).toMatchObject([
      {
        isBehindNat: true,
        flow: { transport: 'udp', address: '198.51.100.7', port: 4711, socketId: 1, connectionId: 0 },
      },
    ]);
  });

  test('is the flow where only the port was changed on the way, or the Contact is private', async () => {
    await fixture.register([contact('192.0.2.1')], { via: '192.0.2.1:5060;rport', hop: { remotePort: 4711 } });
    expect(fixture.location.lookup(alice)).toMatchObject([{ isBehindNat: true }]);
    await fixture.register([contact('10.0.0.9')], { user: 'bob' });
    expect(fixture.location.lookup('bob@example.org')).toMatchObject([{ isBehindNat: true }]);
  });

  test('of somebody who registers for a telephone elsewhere is the Contact', async () => {
    await fixture.register([contact('203.0.113.5')]);
    expect(fixture.location.lookup(alice)).toMatchObject([{ isBehindNat: false }]);
  });

  test('of a telephone without NAT is its Contact', async () => {
    await fixture.register([contact('192.0.2.1')]);
    expect(fixture.location.lookup(alice)).toMatchObject([{ isBehindNat: false }]);
    const stream = { transport: 'tcp', remotePort: 50_000, connectionId: 9 } as const;
    await fixture.register([contact('192.0.2.1', ';q=0.1')], { hop: stream });
    expect(fixture.location.lookup(alice)).toMatchObject([
      { isBehindNat: false, flow: { transport: 'tcp', connectionId: 9 } },
    ]);
  });
});

describe('a GRUU (RFC 5627)', () => {
  const lines = (rest = ''): string[] => [
    'Supported: gruu',
    contact('192.0.2.1', `;+sip.instance="<urn:uuid:f81d4fae>"${rest}`),
  ];

  test('is given to who supports it: a public and a new temporary one each time', async () => {
    const first = contactsOf(await fixture.register(lines(), { callId: 'g' }))[0]!;
    expect(first).toContain(';pub-gruu="sip:alice@example.org;gr=urn:uuid:f81d4fae"');
    const second = contactsOf(await fixture.register(lines(), { callId: 'g' }))[0]!;
    const temporary = [first, second].map((line) => /temp-gruu="([^"]+)"/.exec(line)![1]!);
    expect(temporary[0]).not.toBe(temporary[1]);
    for (const text of temporary) {
      const uri = parseSipUri(text)!;
      expect([uri.host, uri.param('gr')]).toEqual(['example.org', '']);
      expect(text).not.toContain('alice');
      const meaning = fixture.gruus.meaningOf(uri.user!, uri.host)!;
      expect(meaning.user).toBe('alice');
      expect(fixture.location.lookup(alice).map((binding) => meaning.fits(binding))).toEqual([true]);
    }
    expect(contactsOf(await fixture.register(lines().slice(1)))[0]).not.toContain('gruu');
  });

  test('that is temporary ends when its telephone registers under another Call-ID', async () => {
    const line = contactsOf(await fixture.register(lines(), { callId: 'one' }))[0]!;
    const uri = parseSipUri(/temp-gruu="([^"]+)"/.exec(line)![1]!)!;
    await fixture.register(lines(), { callId: 'two' });
    const meaning = fixture.gruus.meaningOf(uri.user!, uri.host)!;
    expect(fixture.location.lookup(alice).map((binding) => meaning.fits(binding))).toEqual([false]);
  });

  test('that somebody made up means nothing', async () => {
    const line = contactsOf(await fixture.register(lines()))[0]!;
    const { user = '' } = parseSipUri(/temp-gruu="([^"]+)"/.exec(line)![1]!)!;
    for (const changed of [
      user.slice(0, -1),
      `${user}0`,
      user.replace(/.$/, user.endsWith('0') ? '1' : '0'),
      'tgruu.',
      'alice',
    ]) {
      expect(fixture.gruus.meaningOf(changed, domain)).toBeUndefined();
    }
    expect(fixture.gruus.meaningOf(user, 'example.net')).toBeUndefined();
  });

  test('hides users of any length', async () => {
    const user = 'x'.repeat(64);
    await fixture.directory.createAccount(domain, accountRecord(user));
    const line = contactsOf(await fixture.register(lines(), { user }))[0]!;
    const uri = parseSipUri(/temp-gruu="([^"]+)"/.exec(line)![1]!)!;
    expect(fixture.gruus.meaningOf(uri.user!, uri.host)?.user).toBe(user);
  });
});

test('a Service-Route is told to who registers, where there is one (RFC 3608)', async () => {
  await fixture.close();
  fixture = await openRegistrar({ serviceRoute: ['<sip:sip.example.org;lr>'] });
  const answer = await fixture.register([contact('192.0.2.1')]);
  expect(answer.value(HeaderId.ServiceRoute)).toBe('<sip:sip.example.org;lr>');
  expect((await fixture.register([contact('192.0.2.1', ';expires=0')])).has(HeaderId.ServiceRoute)).toBe(false);
});
