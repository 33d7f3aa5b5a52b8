import { createServer, type Socket } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { event } from './loopback.ts';

/** The first bytes that a TLS client of this runtime sends. */
export async function clientHelloBytes(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await event(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = connect({ ...options, port, host: '127.0.0.1' });
  client.on('error', () => undefined);
  const socket = (await event(server, 'connection')) as Socket;
  const hello = (await event(socket, 'data')) as Buffer;
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}
