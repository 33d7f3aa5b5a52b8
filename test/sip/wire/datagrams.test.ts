import { describe, expect, test } from 'vitest';
import { freePort } from '../../io/node/free-ports.ts';
import { fields, statusOf } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';

const port6 = await freePort();
const server = useRawServer();
const places = [
  { host: '127.0.0.1', port: await freePort() },
  { host: '::1', port: await freePort() },
];
const serverOfBoth = useRawServer({ listen: places, trusted: ['127.0.0.0/8', '::1/128'] });
const server6 = useRawServer({ listen: [{ host: '::1', port: port6 }], trusted: ['::1/128'] });

test('the same REGISTER sent three times is done once, and answered alike each time', async () => {
  const phone = await server.peer();
  const text = phone.text('REGISTER', { uri: 'sip:farm.test', to: '<sip:anna@farm.test>' });
  const tags = new Set<string>();
  for (let time = 0; time < 3; time++) {
    phone.send(text);
    tags.add(fields(await phone.hears(/^SIP\/2\.0 401/), 'To')[0]!);
  }
  expect(tags.size).toBe(1);
});

test('requests of a dialog that overtake each other all arrive: their order is for the ends to judge', async () => {
  const [caller, callee] = [await server.peer(), await server.peer()];
  const user = server.user();
  await callee.register(user);
  for (const cseq of [3, 1, 2]) {
    caller.send(caller.text('MESSAGE', { uri: `sip:${user}@farm.test`, callId: 'reordered', cseq }));
    callee.answer(await callee.hears(new RegExp(`CSeq: ${cseq} MESSAGE`)), '200 OK');
    await caller.hears(new RegExp(`^SIP/2\\.0 200 [^]*CSeq: ${cseq} `));
  }
});

test.each(['\r\n\r\n', '\r\n', '\0\0\0\0', '', 'x', '\x00\x01\x00\x00'])(
  '%j is no message, and nothing comes of it',
  async (bytes) => {
    const phone = await server.peer();
    phone.send(bytes);
    expect(statusOf(await phone.ask('OPTIONS', { uri: 'sip:farm.test' }))).toBe(200);
    expect(phone.heard).toEqual([]);
  },
);

describe('a message that is large', () => {
  test('in its body goes through whole, also beyond 1,300 bytes', async () => {
    const [caller, callee] = [await server.peer(), await server.peer()];
    const user = server.user();
    await callee.register(user);
    const body = 'x'.repeat(20_000);
    caller.send(caller.text('MESSAGE', { uri: `sip:${user}@farm.test`, body }));
    const message = await callee.hears(/^MESSAGE/);
    expect(message.endsWith(`\r\n\r\n${body}`)).toBe(true);
    callee.answer(message, '200 OK');
    await caller.hears(/^SIP\/2\.0 200/);
  });

  test.each([
    ['in one field', [`X-Long: ${'x'.repeat(17_000)}`], 400],
    ['in the number of its fields', Array.from({ length: 300 }, (_, index) => `X-${index}: y`), 400],
  ] as const)('%s is refused', async (_where, lines, status) => {
    const phone = await server.peer();
    expect(statusOf(await phone.ask('OPTIONS', { uri: 'sip:farm.test', lines }))).toBe(status);
  });

  test('in its Request-URI is 414', async () => {
    const phone = await server.peer();
    expect(statusOf(await phone.ask('OPTIONS', { uri: `sip:${'x'.repeat(9_000)}@farm.test` }))).toBe(414);
  });
});

describe.each(['[::1]', '[0:0:0:0:0:0:0:1]', '[0000:0000::0001]'])('an IPv6 address is the same as %s', (address) => {
  test('in Via and Contact: its telephone is behind no NAT', async () => {
    const phone = await server6.peer();
    phone.host = address;
    const user = server6.user();
    expect(statusOf(await phone.register(user))).toBe(200);
    expect(server6.bindings(user)).toMatchObject([{ isBehindNat: false, uri: phone.contact }]);
  });

  test('in Request-URI and Route: the server knows itself', async () => {
    const asker = await server6.peer();
    const uri = `sip:${address}:${port6}`;
    expect(statusOf(await asker.ask('OPTIONS', { uri, lines: [`Route: <${uri};lr>`] }))).toBe(200);
  });
});

test.each([
  ['IPv6 to IPv4', 1, 0],
  ['IPv4 to IPv6', 0, 1],
])('a call from %s is answered to its end, by either side', async (_way, callerAt, calleeAt) => {
  const [caller, callee] = [await serverOfBoth.peer(callerAt), await serverOfBoth.peer(calleeAt)];
  const user = serverOfBoth.user();
  await callee.register(user);
  const callId = `both-${callerAt}`;
  const call = { uri: `sip:${user}@farm.test`, callId };
  caller.send(caller.text('INVITE', call));
  const invite = await callee.hears(/^INVITE/);
  callee.answer(invite, '200 OK');
  const answer = await caller.hears(/^SIP\/2\.0 200/);
  const routes = fields(answer, 'Record-Route').map((route) => `Route: ${route}`);
  const toTag = `t${callee.port}`;
  const inDialog = { ...call, uri: callee.contact, toTag };
  caller.send(caller.text('ACK', { ...inDialog, lines: routes.toReversed() }));
  await callee.hears(/^ACK/);
  const byCaller = caller.ask('BYE', { ...inDialog, cseq: 2, lines: routes.toReversed() });
  callee.answer(await callee.hears(/^BYE/), '200 OK');
  expect(statusOf(await byCaller)).toBe(200);
  const byCallee = callee.ask('BYE', { callId, uri: caller.contact, toTag: 'f', cseq: 7, lines: routes });
  caller.answer(await caller.hears(/^BYE/), '200 OK');
  expect(statusOf(await byCallee)).toBe(200);
});
