import type { ByteStream, ServerIdentity, ThreadPort } from '#io';
import { createNodeNetwork } from '#io/node';

/** A thread for tests: listens with the identity that comes with it, says its port, and sends back what comes. */
export function run(port: ThreadPort, input: unknown): void {
  void listen(port, input as ServerIdentity);
}

async function listen(port: ThreadPort, identity: ServerIdentity): Promise<void> {
  const listener = await createNodeNetwork({ tlsEngine: 'own' }).listenTls({
    host: '127.0.0.1',
    port: 0,
    identity: () => identity,
    handshakeTimeoutMs: 5_000,
    admit: () => true,
    abandoned: () => undefined,
    connected: echo,
  });
  port.post(listener.local.port);
}

function echo(stream: ByteStream): void {
  stream.receiveShared({
    data: (chunk) => stream.write(Buffer.from(chunk)),
    closed: () => undefined,
  });
}
