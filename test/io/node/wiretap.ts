import { createConnection, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { event } from './loopback.ts';

/** A TCP relay that keeps what passes, as it is on the wire. */
export class Wiretap {
  readonly port: number;
  readonly fromServer: Buffer[] = [];
  readonly sockets: Socket[] = [];

  #held: (() => void)[] | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async before(serverPort: number): Promise<Wiretap> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await event(server, 'listening');
    const address = server.address();
    const tap = new Wiretap(typeof address === 'object' && address !== null ? address.port : 0);
    server.on('connection', (toClient) => {
      const toServer = createConnection({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true });
      toServer.on('data', (chunk: Buffer) => tap.fromServer.push(chunk));
      toClient.pipe(toServer);
      toServer.on('data', (chunk: Buffer) => tap.#pass(() => toClient.write(chunk)));
      toServer.on('end', () => tap.#pass(() => toClient.end()));
      for (const socket of [toClient, toServer]) {
        socket.on('error', () => undefined);
        tap.sockets.push(socket);
      }
    });
    onTestFinished(() => {
      for (const socket of tap.sockets) socket.destroy();
      server.close();
    });
    return tap;
  }

  /** The client's TCP connection ends behind the back of its TLS; what the server writes is still taken. */
  endClient(): void {
    const [toClient, toServer] = this.sockets;
    toClient!.unpipe(toServer);
    toServer!.end();
  }

  #pass(pass: () => void): void {
    if (this.#held === undefined) pass();
    else this.#held.push(pass);
  }

  /** What the server sends from now on stays on the way. */
  holdFromServer(): void {
    this.#held = [];
  }

  letGo(): void {
    for (const pass of this.#held ?? []) pass();
    this.#held = undefined;
  }

  /** The types of the TLS records that the server sent (21 = alert, 23 = data), and what came after the last one. */
  records(): { readonly types: readonly number[]; readonly rest: Buffer } {
    const bytes = Buffer.concat(this.fromServer);
    const types: number[] = [];
    let at = 0;
    while (at + 5 <= bytes.length && bytes[at]! >= 20 && bytes[at]! <= 23 && bytes[at + 1] === 3) {
      types.push(bytes[at]!);
      at += 5 + bytes.readUInt16BE(at + 3);
    }
    return { types, rest: bytes.subarray(at) };
  }
}
