import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { HttpFace, type HttpFaceOptions } from '#admin';
import { createNodeClock } from '#io/node';
import { noGuard, openFixture, testIdentity, type Fixture } from './fixture.ts';

export interface HttpServer {
  readonly fixture: Fixture;
  readonly face: HttpFace;
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** The HTTP face behind a TLS listener on a free port of loopback, as the VPN server hands connections to it. */
export async function startHttpServer(options: Partial<HttpFaceOptions> = {}): Promise<HttpServer> {
  const fixture = await openFixture();
  const face = await HttpFace.open({
    // Delays and time limits in real time: the sockets are real.
    context: { ...fixture.context, clock: createNodeClock() },
    guard: noGuard,
    health: {
      healthz: () => ({ status: 200, body: 'ok\n' }),
      controllerz: () => ({ status: 200, body: 'controller\n' }),
      readyz: () => ({ status: 503, body: 'store: not reachable\n' }),
      metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'hubfarm_sessions 0\n' }),
    },
    ...options,
  });
  const identity = await testIdentity();
  const server = createServer({ cert: identity.certificatePem, key: identity.privateKeyPem }, (socket) => {
    face.accept(socket, { address: remoteAddress, port: socket.remotePort ?? 0 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    fixture,
    face,
    port,
    url: `https://127.0.0.1:${port}`,
    close: async () => {
      await face.stop();
      await new Promise((resolve) => server.close(resolve));
      await fixture.close();
    },
  };
}

/** Not loopback: what holds for callers from the network shall hold in these tests. */
export const remoteAddress = '192.0.2.77';
