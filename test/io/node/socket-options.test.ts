import { createConnection, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { notSentLowWaterSetter } from '../../../src/io/node/socket-options.ts';
import { Recorder } from '../recorder.ts';
import { connectedPair, event } from './loopback.ts';

describe('the limit for what waits unsent in the kernel', () => {
  test('is taken by a connection that is up, and refused by one that has gone', async () => {
    const set = await notSentLowWaterSetter(131_072);
    if (set === undefined) expect.unreachable();
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await event(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const address = server.address();
    const accepted = event(server, 'connection') as Promise<Socket>;
    const client = createConnection({
      host: '127.0.0.1',
      port: typeof address === 'object' && address !== null ? address.port : 0,
    });
    const socket = await accepted;
    expect(set(socket)).toBe(true);
    socket.destroy();
    client.destroy();
    expect(set(socket)).toBe(false);
  });

  test('is set on the connections of a listener, and data flows', async () => {
    const { client, server } = await connectedPair({ listen: { notSentLowWaterBytes: 16_384 } });
    const sink = new Recorder();
    client.receive(sink);
    server.write(Buffer.alloc(3_000_000));
    await sink.received(3_000_000);
  });
});
