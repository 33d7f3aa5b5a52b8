import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const PATIENCE_MS = 8_000;

/** A connection to the server, byte for byte. */
export class RawStream {
  /** All that has come, one character for each byte. */
  heard = '';
  isClosed = false;
  readonly #socket: Socket;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.heard += bytes.toString('latin1');
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawStream> {
    const socket = connect(port, host);
    socket.setNoDelay(true);
    await once(socket, 'connect');
    return new RawStream(socket);
  }

  get port(): number {
    return this.#socket.localPort ?? 0;
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** One byte in each packet. */
  async writeSlowly(text: string): Promise<void> {
    for (const character of text) {
      this.write(character);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Takes what has come up to the end of the match away. */
  async hears(pattern: RegExp): Promise<string> {
    let found = '';
    await this.#until(String(pattern), () => {
      const match = pattern.exec(this.heard);
      if (match === null) return false;
      found = match[0];
      this.heard = this.heard.slice(match.index + found.length);
      return true;
    });
    return found;
  }

  async closes(): Promise<void> {
    await this.#until('the end of the connection', () => this.isClosed);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #until(what: string, isThere: () => boolean): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while (!isThere()) {
      const left = until - performance.now();
      if (left <= 0) throw new Error(`not heard: ${what}, but ${JSON.stringify(this.heard)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** A frame of a WebSocket client (RFC 6455 §5.2). */
export function frame(opcode: number, payload: string, { isLast = true, isMasked = true } = {}): Buffer {
  const body = Buffer.from(payload, 'latin1');
  const long = body.length > 125;
  const head = Buffer.from([(isLast ? 0x80 : 0) | opcode, (isMasked ? 0x80 : 0) | (long ? 126 : body.length)]);
  const length = Buffer.alloc(long ? 2 : 0);
  if (long) length.writeUInt16BE(body.length);
  if (!isMasked) return Buffer.concat([head, length, body]);
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([head, length, mask, body.map((byte, at) => byte ^ mask[at % 4]!)]);
}
