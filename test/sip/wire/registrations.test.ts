import { describe, expect, test } from 'vitest';
import { fields, statusOf } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';

const server = useRawServer();

describe('a REGISTER', () => {
  test('that names a contact twice makes one binding of it, as the last one says', async () => {
    const phone = await server.peer();
    const answer = await phone.register(server.user(), { contact: `<${phone.contact}>, <${phone.contact}>;q=0.5` });
    expect(statusOf(answer)).toBe(200);
    expect(fields(answer, 'Contact')).toEqual([`<${phone.contact}>;expires=3600;q=0.500`]);
  });

  test.each([
    ['without an Expires', '*', []],
    ['with another Expires', '*', ['Expires: 60']],
    ['with parameters', '*;expires=0', ['Expires: 0']],
    ['beside another one', '*, <sip:x@127.0.0.1>', ['Expires: 0']],
    ['beside another line', '*', ['Contact: <sip:x@127.0.0.1>', 'Expires: 0']],
  ])('with the contact * %s is 400 and ends nothing (RFC 3261 §10.3 step 6)', async (_how, contact, lines) => {
    const phone = await server.peer();
    const user = server.user();
    await phone.register(user);
    expect(statusOf(await phone.register(user, { contact, lines }))).toBe(400);
    expect(fields(await phone.register(user, { contact: null }), 'Contact')).toHaveLength(1);
  });

  test('with the contact * and Expires: 0 ends all', async () => {
    const phone = await server.peer();
    const user = server.user();
    await phone.register(user, { contact: '<sip:x@127.0.0.1:1>, <sip:x@127.0.0.1:2>' });
    const answer = await phone.register(user, { contact: '*', lines: ['Expires: 0'] });
    expect([statusOf(answer), ...fields(answer, 'Contact')]).toEqual([200]);
  });

  test('for a moment is 423, for ever is cut, and for what cannot be read is an hour', async () => {
    const phone = await server.peer();
    const user = server.user();
    const brief = await phone.register(user, { contact: `<${phone.contact}>;expires=59`, lines: ['Expires: 3600'] });
    expect([statusOf(brief), ...fields(brief, 'Min-Expires')]).toEqual([423, '60']);
    const expires = async (text: string): Promise<string | undefined> => {
      const answer = await phone.register(user, { contact: `<${phone.contact}>;expires=${text}` });
      return /expires=(\d+)/.exec(fields(answer, 'Contact')[0] ?? '')?.[1];
    };
    expect(await expires('4294967296')).toBe('86400');
    expect(await expires('99999999999999999999')).toBe('3600');
    expect(await expires('soon')).toBe('3600');
  });

  test('of a contact that is no URI is 400; one of another scheme is kept, though nobody is called there', async () => {
    const phone = await server.peer();
    const user = server.user();
    for (const contact of ['<>', '<sip:>', '<sip:@>', 'sip:a@b;;', '<sip:a@b', '"a" sip:a@b', '<sip:a@[::>']) {
      expect([contact, statusOf(await phone.register(user, { contact }))]).toEqual([contact, 400]);
    }
    expect(statusOf(await phone.register(user, { contact: '<mailto:x@example.net>' }))).toBe(200);
    const caller = await server.peer();
    expect(statusOf(await caller.ask('INVITE', { uri: `sip:${user}@farm.test` }))).toBe(480);
  });

  test.each(['path', 'outbound', 'gruu', 'path, gruu'])('that requires %s is taken', async (tag) => {
    const phone = await server.peer();
    expect(statusOf(await phone.register(server.user(), { lines: [`Require: ${tag}`] }))).toBe(200);
  });

  test('that requires what is not there is 420 by name', async () => {
    const phone = await server.peer();
    const user = server.user();
    const answer = await phone.register(user, { lines: ['Require: gruu, teleport, path'] });
    expect([statusOf(answer), ...fields(answer, 'Unsupported')]).toEqual([420, 'teleport']);
    const proxy = await phone.register(user, { lines: ['Proxy-Require: sec-agree'] });
    expect([statusOf(proxy), ...fields(proxy, 'Unsupported')]).toEqual([420, 'sec-agree']);
  });

  test('is known by its user, however that is written', async () => {
    const phone = await server.peer();
    expect(statusOf(await phone.register('anna', { to: '<sip:%61nn%61@FARM.test:5060>' }))).toBe(200);
  });
});

test('a contact with header fields, or a method, is called by its address alone (RFC 3261 §19.1.1)', async () => {
  const [phone, caller] = [await server.peer(), await server.peer()];
  const user = server.user();
  const place = `sip:${user}@127.0.0.1:${phone.port}`;
  const contact = `${place};method=BYE;x=y?Route=%3Csip:evil.test%3E&Subject=hello`;
  const answer = await phone.register(user, { contact: `<${contact}>` });
  expect(fields(answer, 'Contact')[0]).toContain(`<${contact}>`);
  caller.send(caller.text('INVITE', { uri: `sip:${user}@farm.test` }));
  const invite = await phone.hears(/^INVITE/);
  expect(invite).toMatch(new RegExp(`^INVITE ${place};x=y SIP/2\\.0\\r\n`));
  expect(invite).not.toMatch(/^(?:Route|Subject):/m);
  phone.answer(invite, '486 Busy Here');
  await caller.hears(/^SIP\/2\.0 486/);
});

test('credentials of a nonce that was used, is old or is nobody’s get a new one, and stale says why', async () => {
  const phone = await server.peer();
  const user = server.user();
  const callId = 'stale-1';
  await phone.register(user, { callId });
  // The very same request once more, in a transaction of its own.
  const again = await phone.ask('REGISTER', {
    uri: 'sip:farm.test',
    from: `<sip:${user}@farm.test>`,
    callId,
    cseq: 9,
    to: `<sip:${user}@farm.test>`,
    lines: [
      `Authorization: Digest username="${user}", realm="farm.test", nonce="${'0'.repeat(56)}", uri="sip:farm.test", response="${'0'.repeat(32)}", algorithm=MD5, cnonce="c", nc=00000001, qop=auth`,
    ],
  });
  expect(statusOf(again)).toBe(401);
  expect(fields(again, 'WWW-Authenticate')[0]).toMatch(/stale=true/);
});

describe('a contact at a domain of the server', () => {
  test.each(['%s@farm.test', '%s@farm.test:5060;x=y', '7@FARM.test', 'farm.test'])(
    'is reached where its REGISTER came from: %s',
    async (pattern) => {
      const [phone, caller] = [await server.peer(), await server.peer()];
      const user = server.user();
      const uri = `sip:${pattern.replace('%s', user)}`;
      await phone.register(user, { contact: `<${uri}>` });
      expect(server.bindings(user)[0]).toMatchObject({ uri, isBehindNat: true });
      caller.send(caller.text('INVITE', { uri: `sip:${user}@farm.test` }));
      const invite = await phone.hears(/^INVITE/);
      expect(invite.split('\r\n', 1)).toEqual([`INVITE ${uri} SIP/2.0`]);
      phone.answer(invite, '486 Busy Here');
      await caller.hears(/^SIP\/2\.0 486/);
    },
  );

  test('that names another account is where that one is, and a circle of such is nowhere (RFC 3261 §16.5)', async () => {
    const [phone, caller] = [await server.peer(), await server.peer()];
    const [first, second, third] = [server.user(), server.user(), server.user()];
    await phone.register(first, { contact: `<sip:${second}@farm.test>` });
    await phone.register(second, { contact: `<sip:${third}@farm.test>` });
    const call = { uri: `sip:${first}@farm.test` };
    expect(statusOf(await caller.ask('INVITE', call))).toBe(480);
    await phone.register(third);
    caller.send(caller.text('INVITE', call));
    const invite = await phone.hears(/^INVITE/);
    expect(invite.split('\r\n', 1)).toEqual([`INVITE ${phone.contact} SIP/2.0`]);
    phone.answer(invite, '486 Busy Here');
    await caller.hears(/^SIP\/2\.0 486/);
    await phone.register(third, { contact: '*', lines: ['Expires: 0'] });
    await phone.register(third, { contact: `<sip:${first}@farm.test>` });
    expect(statusOf(await caller.ask('INVITE', call))).toBe(480);
  });
});
