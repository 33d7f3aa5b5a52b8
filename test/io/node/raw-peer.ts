import { createConnection, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP client that speaks by hand. */
export class RawPeer {
  readonly socket: Socket;
  readonly #ended: Promise<Buffer>;

  constructor(port: number) {
    this.socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
    const chunks: Buffer[] = [];
    this.#ended = new Promise((resolve) => {
      this.socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      this.socket.on('error', () => undefined);
      this.socket.on('close', () => resolve(Buffer.concat(chunks)));
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  send(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Everything that came, when the connection is over. */
  ended(): Promise<Buffer> {
    return this.#ended;
  }
}
