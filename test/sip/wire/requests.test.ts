import { describe, expect, test } from 'vitest';
import { fields, statusOf } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';

const server = useRawServer();

describe('what is asked of the server itself', () => {
  test('OPTIONS says all that RFC 3261 §11.2 wants, also to who requires what there is', async () => {
    const asker = await server.peer();
    const answer = await asker.ask('OPTIONS', { uri: 'sip:farm.test', lines: ['Require: path, gruu'] });
    expect(statusOf(answer)).toBe(200);
    for (const name of ['Allow', 'Accept', 'Accept-Encoding', 'Accept-Language', 'Supported']) {
      expect([name, fields(answer, name).length]).toEqual([name, 1]);
    }
    const refused = await asker.ask('OPTIONS', { uri: 'sip:farm.test', lines: ['Require: path, teleport'] });
    expect([statusOf(refused), ...fields(refused, 'Unsupported')]).toEqual([420, 'teleport']);
  });

  test('a request in a dialog that is not there is 481, a method that is none 405', async () => {
    const asker = await server.peer();
    expect(statusOf(await asker.ask('BYE', { uri: 'sip:farm.test', toTag: 'x' }))).toBe(481);
    expect(statusOf(await asker.ask('options', { uri: 'sip:farm.test' }))).toBe(405);
  });
});

test('a CANCEL of nothing is 481, whomever it names (RFC 3261 §9.2)', async () => {
  const asker = await server.peer();
  for (const uri of ['sip:farm.test', 'sip:ben@farm.test', 'sip:nobody@farm.test']) {
    expect([uri, statusOf(await asker.ask('CANCEL', { uri }))]).toEqual([uri, 481]);
  }
});

describe('Via', () => {
  test('with an address that its sender has written as received is answered, and shown, as it came', async () => {
    const [caller, callee] = [await server.peer(), await server.peer()];
    const user = server.user();
    await callee.register(user);
    const via = `SIP/2.0/UDP 127.0.0.1:${caller.port};branch=z9hG4bKforged;received=192.0.2.66`;
    caller.send(caller.text('MESSAGE', { uri: `sip:${user}@farm.test`, via }));
    const message = await callee.hears(/^MESSAGE/);
    expect(fields(message, 'Via')[1]).toBe(
      `SIP/2.0/UDP 127.0.0.1:${caller.port};branch=z9hG4bKforged;received=127.0.0.1`,
    );
    callee.answer(message, '200 OK');
    await caller.hears(/^SIP\/2\.0 200/);
  });

  test.each([
    'maddr=nohost.invalid',
    'maddr=255.255.255.255;ttl=300',
    'maddr=[::1',
    'maddr=',
    'received=999.1',
    'rport=99999',
  ])('with %s does no harm', async (parameter) => {
    const asker = await server.peer();
    const via = `SIP/2.0/UDP 127.0.0.1:${asker.port};branch=z9hG4bK${parameter.length};${parameter}`;
    asker.send(asker.text('OPTIONS', { uri: 'sip:farm.test', via }));
    expect(statusOf(await asker.ask('OPTIONS', { uri: 'sip:farm.test' }))).toBe(200);
  });
});

describe('a Route that names the server', () => {
  test.each([
    ['its address', (port: number) => `<sip:127.0.0.1:${port};lr>`],
    ['its address, as strict routers write it', (port: number) => `<sip:127.0.0.1:${port}>`],
    [
      'its address, several times',
      (port: number) => `<sip:127.0.0.1:${port};lr>, "x, y" <sip:127.0.0.1:${port};lr>;a=b`,
    ],
    ['its domain', () => '<sip:farm.test;lr>'],
    ['its domain and port', (port: number) => `<sip:FARM.test:${port};lr>`],
  ])('by %s is taken away', async (_name, route) => {
    const [caller, callee] = [await server.peer(), await server.peer()];
    const user = server.user();
    await callee.register(user);
    caller.send(caller.text('MESSAGE', { uri: `sip:${user}@farm.test`, lines: [`Route: ${route(server.port)}`] }));
    const message = await callee.hears(/^MESSAGE/);
    expect(fields(message, 'Route')).toEqual([]);
    callee.answer(message, '200 OK');
    await caller.hears(/^SIP\/2\.0 200/);
  });
});

test('what the session and its ends have agreed passes through untouched (RFC 4028, RFC 3262)', async () => {
  const [caller, callee] = [await server.peer(), await server.peer()];
  const user = server.user();
  await callee.register(user);
  const lines = [
    'Session-Expires: 90;refresher=uac',
    'Min-SE: 90',
    'Supported: timer, 100rel',
    'Require: 100rel',
    'X-Odd:  a  b ',
  ];
  caller.send(caller.text('INVITE', { uri: `sip:${user}@farm.test`, lines, body: 'v=0' }));
  const invite = await callee.hears(/^INVITE/);
  for (const line of lines) expect(invite).toContain(`\r\n${line}\r\n`);
  callee.answer(invite, '422 Session Interval Too Small', ['Min-SE: 1800']);
  expect(fields(await caller.hears(/^SIP\/2\.0 422/), 'Min-SE')).toEqual(['1800']);
});
