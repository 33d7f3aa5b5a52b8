import { createConnection, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { TlsVersion } from '#io';
import { createNodeNetwork } from '#io/node';
import { SharedReceive } from '../../../src/io/node/shared-receive.ts';
import { describeByteStream, type StreamsUnderTest } from '../byte-stream-suite.ts';
import { connectedPair, event } from './loopback.ts';

/** Long enough for everything under way on the loopback interface. */
const SETTLED_MS = 60;

/** Between client and server, so that a test can end the client's TCP connection behind the back of its TLS. */
async function relay(port: number): Promise<{ port: number; cut: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
    inner.pipe(outer);
    outer.pipe(inner);
    for (const socket of [inner, outer]) socket.on('error', () => undefined);
    sockets.push(inner, outer);
  });
  server.listen(0, '127.0.0.1');
  await event(server, 'listening');
  const address = server.address();
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: () => {
      // Half: what the server would write is still taken, as by a kernel whose process is gone.
      sockets[0]!.unpipe(sockets[1]);
      sockets[1]!.end();
    },
  };
}

const connect = (version: TlsVersion, shared?: SharedReceive) => async (): Promise<StreamsUnderTest> => {
  let cut: (() => void) | undefined;
  const { client, server } = await connectedPair({
    network: createNodeNetwork(shared),
    listen: { chooseMaxVersion: () => version },
    dial: { mayDropEncryption: true },
    between: async (port) => {
      const made = await relay(port);
      cut = made.cut;
      return made.port;
    },
  });
  return {
    client,
    server,
    run: (promise) => promise,
    settle: () => delay(SETTLED_MS),
    clientEndsUncleanly: () => cut?.(),
  };
};

describeByteStream('a TLS 1.2 stream', connect('TLSv1.2'));
describeByteStream('a TLS 1.3 stream', connect('TLSv1.3'));
describeByteStream(
  'a TLS stream where the shared buffer cannot be had',
  connect('TLSv1.2', new SharedReceive(undefined)),
);
