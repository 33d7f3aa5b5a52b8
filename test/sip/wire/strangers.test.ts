import { describe, expect, test } from 'vitest';
import { fields, statusOf } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';

const server = useRawServer({ trusted: [] });
const stranger = '<sip:eve@example.net>';

describe('a stranger', () => {
  test('may call an account, and asserts nothing of itself by that', async () => {
    const [caller, phone] = [await server.peer(), await server.peer()];
    const user = server.user();
    await phone.register(user);
    const lines = ['P-Asserted-Identity: <sip:boss@farm.test>', 'Proxy-Authorization: Digest realm="elsewhere"'];
    caller.send(caller.text('INVITE', { uri: `sip:${user}@farm.test`, from: stranger, lines }));
    const invite = await phone.hears(/^INVITE/);
    expect(fields(invite, 'P-Asserted-Identity')).toEqual([]);
    expect(fields(invite, 'Proxy-Authorization')).toEqual(['Digest realm="elsewhere"']);
    phone.answer(invite, '486 Busy Here');
    await caller.hears(/^SIP\/2\.0 486/);
  });

  test.each([
    ['to anywhere else', { uri: 'sip:x@127.0.0.1:9' }, 403],
    ['by a Route to anywhere else', { lines: ['Route: <sip:127.0.0.1:9;lr>'] }, 403],
    ['by a Route here and from there on', { lines: ['Route: <sip:farm.test;lr>, <sip:127.0.0.1:9;lr>'] }, 403],
    ['in a dialog that it says there is', { uri: 'sip:x@127.0.0.1:9', toTag: 'made-up' }, 403],
    ['as somebody of the domain', { from: '<sip:anna@farm.test>' }, 407],
    ['as nobody of the domain', { from: '<sip:nobody@farm.test>' }, 407],
    ['as the domain itself', { from: '<sip:farm.test>' }, 407],
  ])('gets no further %s', async (_how, request, status) => {
    const caller = await server.peer();
    for (const method of ['INVITE', 'MESSAGE', 'REFER', 'OPTIONS']) {
      const answer = await caller.ask(method, { from: stranger, ...request });
      expect([method, statusOf(answer)]).toEqual([method, status]);
    }
  });

  test.each([
    ['SUBSCRIBE', ['Event: presence'], 403],
    ['SUBSCRIBE', ['Event: reg'], 403],
    ['SUBSCRIBE', ['Event: dialog'], 403],
    ['PUBLISH', ['Event: presence', 'Content-Type: application/pidf+xml'], 403],
    ['MESSAGE', [], 480],
  ] as const)('by %s with %j is told nothing, changes nothing and stores nothing', async (method, lines, status) => {
    const asker = await server.peer();
    const answer = await asker.ask(method, { uri: `sip:${server.user()}@farm.test`, from: stranger, lines });
    expect(statusOf(answer)).toBe(status);
  });
});

describe('an account', () => {
  test('says who it is, and goes anywhere then; its credentials stay here', async () => {
    const [caller, elsewhere] = [await server.peer(), await server.peer()];
    const answer = caller.askAs(server.user(), 'INVITE', { uri: `sip:x@127.0.0.1:${elsewhere.port}` });
    const invite = await elsewhere.hears(/^INVITE/);
    expect(fields(invite, 'Proxy-Authorization')).toEqual([]);
    elsewhere.answer(invite, '486 Busy Here');
    expect(statusOf(await answer)).toBe(486);
  });

  test('is not another one, neither when it calls nor when it registers, publishes or watches', async () => {
    const caller = await server.peer();
    const [user, other] = [server.user(), server.user()];
    const as = { from: `<sip:${other}@farm.test>` };
    expect(statusOf(await caller.askAs(user, 'INVITE', as))).toBe(403);
    expect(
      statusOf(await caller.askAs(user, 'REGISTER', { uri: 'sip:farm.test', to: `<sip:${other}@farm.test>` })),
    ).toBe(403);
    const uri = `sip:${other}@farm.test`;
    const lines = ['Event: presence', 'Content-Type: application/pidf+xml'];
    expect(statusOf(await caller.askAs(user, 'PUBLISH', { uri, lines, body: '<presence/>' }))).toBe(403);
    expect(statusOf(await caller.askAs(user, 'SUBSCRIBE', { uri, lines: ['Event: reg'] }))).toBe(403);
    expect(statusOf(await caller.askAs(user, 'SUBSCRIBE', { uri, lines: ['Event: dialog'] }))).toBe(200);
  });
});
