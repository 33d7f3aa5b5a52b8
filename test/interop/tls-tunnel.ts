/**
 * A program for a host of a test: takes connections at one place and carries them to another one, one side of it by TLS.
 * It lets programs that know no TLS, such as Debian's SIPp, be used with it.
 *
 *     node tls-tunnel.ts outward HOST:PORT HOST:PORT [PORT]       plain here, TLS there, from that port; whatever certificate is shown
 *     node tls-tunnel.ts inward HOST:PORT HOST:PORT CERT KEY      TLS here, plain there
 */
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { argv } from 'node:process';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';

const [direction, from = '', to = '', certificate = '', key = ''] = argv.slice(2);

function place(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

function join(one: Socket, other: Socket): void {
  for (const [a, b] of [
    [one, other],
    [other, one],
  ] as const) {
    a.pipe(b);
    a.on('error', () => b.destroy());
    a.on('close', () => b.destroy());
  }
}

const { host, port } = place(from);
if (direction === 'outward') {
  const options = {
    ...place(to),
    rejectUnauthorized: false,
    ...(certificate !== '' && { localPort: Number(certificate) }),
  };
  createServer((socket) => join(socket, connectTls(options))).listen(port, host);
} else {
  const identity = { cert: readFileSync(certificate), key: readFileSync(key) };
  createTlsServer(identity, (socket) => join(socket, connect(place(to)))).listen(port, host);
}
