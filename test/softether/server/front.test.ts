import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodePackRequest } from '../../../src/softether/codec/http-pack.ts';
import { encodeSignature } from '../../../src/softether/codec/signature.ts';
import { Pack } from '#softether';
import { Rig } from './rig.ts';
import type { TestClient } from './test-client.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.start();
});
afterEach(() => rig.close());

const post = (target: string, body: Buffer | string, type = 'image/jpeg'): string =>
  `POST ${target} HTTP/1.1\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body.toString('latin1')}`;

/** Status of the answer, and whether the connection is still up. */
async function statusOf(client: TestClient, request: string): Promise<[number | undefined, boolean]> {
  client.write(request);
  const answer = await client.answer();
  return [answer?.head.kind === 'response' ? answer.head.status : undefined, !client.isClosed];
}

describe('before a client shows itself', () => {
  it('a probe gets the 403 page that stock clients look for, and the connection stays open', async () => {
    const client = rig.connect();
    client.write('GET / HTTP/1.1\r\nX-VPN: 1\r\nHost: x\r\n\r\n');
    const answer = await client.answer();
    expect(answer?.head).toMatchObject({ kind: 'response', status: 403 });
    expect(answer?.body.toString()).toMatch(
      /^<!DOCTYPE HTML PUBLIC "-\/\/IETF\/\/DTD HTML 2.0\/\/EN">\r\n<HTML><HEAD>\r\n<TITLE>403 Forbidden<\/TITLE>\r\n<\/HEAD><BODY>\r\n<H1>Forbidden<\/H1>\r\nYou don't have permission to access \/\r\n/,
    );
    expect((await client.hello()).random).toHaveLength(20);
    expect(rig.server.counters.probes).toBe(1);
  });

  it('each connection gets a random of its own in its Hello', async () => {
    const [a, b] = [await rig.connect().hello(), await rig.connect().hello()];
    expect(a.random.equals(b.random)).toBe(false);
  });

  it('the picture that stock clients send counts as a signature, with whatever follows it', async () => {
    const client = rig.connect();
    const picture = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(2000, 7)]);
    client.write(post('/vpnsvc/connect.cgi', picture));
    expect((await client.answerPack())?.str('hello')).toBe('Test Server');
  });

  it('another body at the right place is forbidden, and may be tried again', async () => {
    const client = rig.connect();
    expect(await statusOf(client, post('/vpnsvc/connect.cgi', 'VPNCONNEXT'))).toEqual([403, true]);
    await client.hello();
  });

  it('a body longer than any signature is refused before it comes', async () => {
    const client = rig.connect();
    const request = 'POST /vpnsvc/connect.cgi HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n';
    expect(await statusOf(client, request)).toEqual([403, false]);
  });

  it('other things in our folder are not found, other methods not implemented', async () => {
    expect(await statusOf(rig.connect(), post('/vpnsvc/other.cgi', 'x'))).toEqual([404, true]);
    expect(await statusOf(rig.connect(), 'PUT /vpnsvc/x HTTP/1.1\r\n\r\n')).toEqual([501, true]);
  });

  it.each([
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    post('/api/', '{}', 'application/json'),
    'GET /healthz HTTP/1.0\r\n\r\n',
  ])('plain HTTP goes to the HTTP server, every byte of it: %j', async (request) => {
    rig.connect().write(request);
    await rig.run(20);
    expect(rig.http.map(({ unread }) => unread.toString('latin1'))).toEqual([request]);
    expect(rig.server.unauthenticatedCount).toBe(0);
    expect(rig.server.connections()).toEqual([]);
  });

  it('HTTP may come after a probe on the same connection', async () => {
    const client = rig.connect();
    client.write('GET / HTTP/1.1\r\nX-VPN: 1\r\n\r\nGET /x HTTP/1.1\r\n\r\n');
    await rig.run(20);
    expect(rig.http[0]?.unread.toString()).toBe('GET /x HTTP/1.1\r\n\r\n');
  });

  it.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a response', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['a line without end', 'x'.repeat(5000)],
    ['too many lines', `GET /vpnsvc/ HTTP/1.1\r\n${'A: b\r\n'.repeat(200)}\r\n`],
    ['zeros', Buffer.concat([Buffer.alloc(300), Buffer.from('\r\n\r\n')])],
  ])('%s ends the connection, in order', async (_what, bytes) => {
    const client = rig.connect();
    client.write(bytes);
    await rig.run(20);
    expect(client.ending).toEqual({ clean: true, error: undefined });
    expect(rig.server.counters.protocolErrors).toBe(1);
    expect(rig.server.unauthenticatedCount).toBe(0);
  });

  it('nineteen requests are answered, the twentieth ends the connection', async () => {
    const client = rig.connect();
    client.write('GET / HTTP/1.1\r\nX-VPN: 1\r\n\r\n'.repeat(19));
    await rig.run(20);
    expect(client.isClosed).toBe(false);
    client.write('GET / HTTP/1.1\r\nX-VPN: 1\r\n\r\n');
    await rig.run(20);
    expect(client.isClosed).toBe(true);
  });

  it('who says nothing for 15 s is closed', async () => {
    const client = rig.connect();
    await rig.run(14_500);
    expect(client.isClosed).toBe(false);
    await rig.run(1_000);
    expect(client.ending?.clean).toBe(true);
    expect(rig.server.counters.handshakeTimeouts).toBe(1);
  });

  it('who sends a byte now and then is closed at the same time', async () => {
    const client = rig.connect();
    for (let second = 0; second < 16; second++) {
      client.write('G');
      await rig.run(1_000);
    }
    expect(client.isClosed).toBe(true);
  });
});

describe('after the Hello', () => {
  it.each([
    ['no method', new Pack().setInt('x', 1)],
    ['an unknown method', new Pack().setStr('method', 'dance')],
    ['a method of clusters', new Pack().setStr('method', 'farm_connect')],
    ['a log-in without a user', new Pack().setStr('method', 'login').setStr('hubname', 'OFFICE')],
    ['an additional connection without a key', new Pack().setStr('method', 'additional_connect')],
    ['an administrator without a proof', new Pack().setStr('method', 'admin')],
    ['a password change without passwords', new Pack().setStr('method', 'password')],
  ])('%s is a protocol error, 4', async (_what, pack) => {
    const client = rig.connect();
    expect(await client.error(pack)).toBe(4);
    client.sendPack(new Pack());
    await rig.run(20);
    expect(client.ending?.clean, 'closed after one more PACK').toBe(true);
  });

  it('an answered client that says no more is closed after a while', async () => {
    const client = rig.connect();
    await client.error(new Pack().setStr('method', 'dance'));
    await rig.run(2_000);
    expect(client.isClosed).toBe(false);
    await rig.run(1_500);
    expect(client.isClosed).toBe(true);
  });

  it.each([
    ['another path', post('/vpnsvc/connect.cgi', new Pack().encode(), 'application/octet-stream')],
    ['another content type', post('/vpnsvc/vpn.cgi', new Pack().encode(), 'text/plain')],
    ['GET', 'GET /vpnsvc/vpn.cgi HTTP/1.1\r\nContent-Type: application/octet-stream\r\n\r\n'],
    [
      'HTTP/1.0',
      'POST /vpnsvc/vpn.cgi HTTP/1.0\r\nContent-Type: application/octet-stream\r\nContent-Length: 4\r\n\r\n\0\0\0\0',
    ],
    ['a PACK above 64 KiB', 'POST /vpnsvc/vpn.cgi HTTP/1.1\r\nContent-Length: 65537\r\n\r\n'],
    ['no PACK', post('/vpnsvc/vpn.cgi', 'hello', 'application/octet-stream')],
    [
      'a PACK of a million elements',
      post('/vpnsvc/vpn.cgi', Buffer.from('000f4240', 'hex'), 'application/octet-stream'),
    ],
  ])('%s ends the connection without an answer', async (_what, bytes) => {
    const client = await rig.connect().hello();
    client.write(bytes);
    expect(await client.answer()).toBeUndefined();
    expect(client.ending?.clean).toBe(true);
  });

  it('NOOPs are answered and give the user time, but not for ever', async () => {
    const client = await rig.connect().hello();
    for (let i = 0; i < 30; i++) {
      expect((await client.ask(new Pack().setInt('noop', 1), 3_000)).int('noop')).toBe(1);
    }
    client.sendPack(new Pack().setInt('noop', 1));
    await rig.run(20);
    expect(client.isClosed).toBe(true);
  });

  it('lists the hubs that are not hidden, to anybody', async () => {
    const client = await rig.connect().hello();
    const answer = await client.ask(new Pack().setStr('method', 'enum_hub'));
    expect([answer.str('HubName'), answer.int('NumHub')]).toEqual(['OFFICE', 1]);
    await rig.directory.updateHub('OFFICE', (hub) => ({ ...hub, isHiddenFromEnum: true }));
    const again = await (await rig.connect().hello()).ask(new Pack().setStr('method', 'enum_hub'));
    expect([again.count('HubName'), again.int('NumHub')]).toEqual([0, 0]);
  });

  it('garbage after the Hello, at any length, ends that connection and no other', async () => {
    const other = rig.connect();
    for (let length = 1; length < 300; length += 7) {
      const client = await rig.connect('198.51.100.7').hello();
      client.write(rig.random.bytes(length));
      client.pair.client.close();
      await rig.run(50);
    }
    expect(other.isClosed).toBe(false);
    expect(rig.server.unauthenticatedCount).toBe(1);
  });
});

describe('connections in the list', () => {
  it('have names and types as SoftEther shows them, and can be disconnected', async () => {
    const fresh = rig.connect();
    const greeted = await rig.connect('198.51.100.7').hello();
    const [first, second] = rig.server.connections();
    expect(first).toMatchObject({ name: 'CID-1', type: 'init', listenerPort: 443, serverBuild: 9674 });
    expect(second).toMatchObject({ name: 'CID-2', remote: { address: '198.51.100.7' }, hostname: '198.51.100.7' });
    expect(rig.server.connection('cid-2')?.name).toBe('CID-2');
    expect(rig.server.disconnect('CID-2')).toBe(true);
    expect(rig.server.disconnect('CID-9')).toBe(false);
    await rig.run(20);
    expect([fresh.isClosed, greeted.isClosed]).toEqual([false, true]);
    expect(rig.server.connections()).toHaveLength(1);
  });
});

it('the same conversation gives the same answers however it is split', async () => {
  const client = rig.connect();
  const bytes = Buffer.concat([
    Buffer.from('GET / HTTP/1.1\r\nX-VPN: 1\r\n\r\n'),
    encodeSignature('server'),
    encodePackRequest(new Pack().setStr('method', 'enum_hub'), 'server'),
  ]);
  for (const byte of bytes) {
    client.write(Buffer.from([byte]));
    await rig.run(1);
  }
  const answers = [await client.answer(), await client.answerPack(), await client.answerPack()];
  expect(answers[0]).toMatchObject({ head: { status: 403 } });
  expect((answers[1] as Pack).int('build')).toBe(9674);
  expect((answers[2] as Pack).str('HubName')).toBe('OFFICE');
});
