import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import type { WebSocketChannel, WebSocketListenOptions } from '#io';
import { createNodeIo } from '#io/node';
import { testIdentity } from '../loopback.ts';

interface Served {
  readonly url: string;
  readonly port: number;
  readonly channels: WebSocketChannel[];
  readonly abandoned: () => number;
}

async function serve(isSecure: boolean, options: Partial<WebSocketListenOptions> = {}): Promise<Served> {
  const identity = await testIdentity();
  const channels: WebSocketChannel[] = [];
  let abandoned = 0;
  const listener = await createNodeIo().webSockets.listen({
    host: '127.0.0.1',
    port: 0,
    identity: isSecure ? () => identity : undefined,
    protocol: 'sip',
    messageMaxBytes: 100_000,
    handshakeTimeoutMs: 5_000,
    admit: () => true,
    connected: (channel) => channels.push(channel),
    abandoned: () => abandoned++,
    ...options,
  });
  onTestFinished(() => listener.close());
  const { port } = listener.local;
  return { url: `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}/`, port, channels, abandoned: () => abandoned };
}

function dial(url: string, protocols: string[] = ['sip'], options: ClientOptions = {}): WebSocket {
  const socket = new WebSocket(url, protocols, { rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  onTestFinished(() => socket.terminate());
  return socket;
}

/** What a channel tells. */
function follow(channel: WebSocketChannel): { readonly messages: string[]; readonly closed: Promise<void> } {
  const messages: string[] = [];
  const closed = new Promise<void>((resolve) => {
    channel.receive({
      message: (bytes) => messages.push(bytes.toString()),
      alive: () => messages.push('(alive)'),
      closed: resolve,
    });
  });
  return { messages, closed };
}

describe.each([false, true])('a WebSocket server, with TLS: %s', (isSecure) => {
  test('carries whole messages both ways, text and binary', async () => {
    const { url, port, channels } = await serve(isSecure);
    const client = dial(url);
    await once(client, 'open');
    expect(client.protocol).toBe('sip');
    const [channel] = channels;
    expect(channel!.remote.address).toBe('127.0.0.1');
    expect(channel!.local).toEqual({ address: '127.0.0.1', port });
    const got = follow(channel!);
    client.send('one');
    client.send(Buffer.from('two'));
    client.ping();
    await expect.poll(() => got.messages).toEqual(['one', 'two', '(alive)']);
    const received: [string, boolean][] = [];
    client.on('message', (data: Buffer, isBinary) => received.push([data.toString('latin1'), isBinary]));
    channel!.send(Buffer.from('text'));
    channel!.send(Buffer.from([0xff, 0xfe]));
    await expect
      .poll(() => received)
      .toEqual([
        ['text', false],
        ['ÿþ', true],
      ]);
  });

  test('delivers nothing before somebody reads, and then everything', async () => {
    const { url, channels } = await serve(isSecure);
    const client = dial(url);
    await once(client, 'open');
    client.send('early');
    await new Promise((turn) => setTimeout(turn, 30));
    const got = follow(channels[0]!);
    expect(got.messages).toEqual([]);
    await expect.poll(() => got.messages).toEqual(['early']);
  });

  test('tells the end, whoever brings it about', async () => {
    const { url, channels } = await serve(isSecure);
    const [one, other] = [dial(url), dial(url)];
    await Promise.all([once(one, 'open'), once(other, 'open')]);
    const ends = channels.map((channel) => follow(channel).closed);
    one.terminate();
    await Promise.race(ends);
    for (const channel of channels) channel.close();
    await Promise.all(ends);
    expect(channels.every(({ isClosed }) => isClosed)).toBe(true);
  });
});

describe('a WebSocket server refuses', () => {
  const refusal = async (socket: WebSocket): Promise<number | undefined> => {
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { readonly statusCode?: number }];
    return response.statusCode;
  };

  test('who does not offer its subprotocol', async () => {
    const { url, channels, abandoned } = await serve(false);
    expect(await refusal(dial(url, ['chat']))).toBe(400);
    expect(await refusal(dial(url, []))).toBe(400);
    expect(channels).toEqual([]);
    await expect.poll(abandoned).toBe(2);
  });

  test('other resources than its own', async () => {
    const { url } = await serve(false, { path: '/sip' });
    expect(await refusal(dial(`${url}other`))).toBe(404);
    await once(dial(`${url}sip?x=1`), 'open');
  });

  test('an ordinary HTTP request, saying what it speaks', async () => {
    const { port } = await serve(false);
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(answer.status).toBe(426);
    expect(await answer.text()).toContain('WebSocket with the subprotocol "sip"');
  });

  test('who says nothing', async () => {
    const { port, abandoned } = await serve(false, { handshakeTimeoutMs: 50 });
    const socket = connect(port, '127.0.0.1').resume();
    await once(socket, 'close');
    await expect.poll(abandoned).toBe(1);
  });

  test('whom it does not admit', async () => {
    const { url, channels } = await serve(false, { admit: () => false });
    await once(dial(url), 'error');
    expect(channels).toEqual([]);
  });

  test('a message that is too long: the channel ends', async () => {
    const { url, channels } = await serve(false, { messageMaxBytes: 1_000 });
    const client = dial(url);
    await once(client, 'open');
    const got = follow(channels[0]!);
    client.send(Buffer.alloc(2_000));
    await got.closed;
    expect(got.messages).toEqual([]);
  });
});
