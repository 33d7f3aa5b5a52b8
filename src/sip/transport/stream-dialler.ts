import type { ByteStream, Network } from '#io';
import { IoError } from '#io';
import { addressAndPort } from './hop.ts';
import { transportLimits } from './limits.ts';
import type { Target } from './target.ts';

interface Waiting {
  readonly bytes: Buffer;
  readonly failed: (error: Error) => void;
}

export interface StreamDiallerParts {
  readonly network: Pick<Network, 'dial'>;
  readonly verifyServers: boolean;
  /** A server is there, but cannot show who it is: somebody should look. */
  readonly refused: (target: Target, why: Error) => void;
  /** Takes a connection that is up and gives what sends on it. */
  readonly connected: (stream: ByteStream, target: Target) => (bytes: Buffer) => boolean;
}

/** Opens connections for messages that wait for them: one for all messages to the same place. */
export class StreamDialler {
  readonly #parts: StreamDiallerParts;
  readonly #dialling = new Map<string, Waiting[]>();
  readonly #stop = new AbortController();
  #waiting = 0;

  constructor(parts: StreamDiallerParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** `failed` is not called from within this call. */
  send(bytes: Buffer, target: Target, failed: (error: Error) => void): void {
    const place = `${target.transport} ${target.address} ${target.port} ${target.tlsName ?? ''}`;
    const others = this.#dialling.get(place);
    if (this.#waiting >= transportLimits.maxWaiting) {
      const why = `cannot send to ${addressAndPort(target.address, target.port)}: ${this.#waiting} messages wait for connections`;
      queueMicrotask(() => failed(new IoError('OTHER', why)));
      return;
    }
    this.#waiting++;
    if (others !== undefined) {
      others.push({ bytes, failed });
      return;
    }
    const waiting = [{ bytes, failed }];
    this.#dialling.set(place, waiting);
    void this.#dial(target, place, waiting);
  }

  async #dial(target: Target, place: string, waiting: readonly Waiting[]): Promise<void> {
    try {
      const stream = await this.#open(target);
      const send = this.#parts.connected(stream, target);
      this.#done(place, waiting);
      for (const { bytes, failed } of waiting) {
        if (send(bytes)) continue;
        failed(
          new IoError('CONNECTION_LOST', `${addressAndPort(target.address, target.port)} has closed the connection`),
        );
      }
    } catch (error) {
      this.#done(place, waiting);
      const why = error instanceof Error ? error : new Error(String(error));
      if (why instanceof IoError && why.code === 'TLS_FAILED') this.#parts.refused(target, why);
      for (const { failed } of waiting) failed(why);
    }
  }

  #done(place: string, waiting: readonly Waiting[]): void {
    this.#dialling.delete(place);
    this.#waiting -= waiting.length;
  }

  async #open({ transport, address, port, tlsName }: Target): Promise<ByteStream> {
    const isTls = transport === 'tls';
    const { network, verifyServers } = this.#parts;
    const stream = await network.dial({
      host: address,
      port,
      timeoutMs: transportLimits.dialTimeoutMs,
      tls: isTls,
      signal: this.#stop.signal,
      ...(isTls && verifyServers ? { verify: true } : {}),
      ...(tlsName === undefined ? {} : { serverName: tlsName }),
    });
    const server = stream.tls?.server;
    if (!verifyServers || !isTls || server?.isVerified === true) return stream;
    stream.destroy();
    const who = tlsName ?? address;
    const why = server?.problem ?? 'it showed no certificate';
    throw new IoError('TLS_FAILED', `${addressAndPort(address, port)} is not certain to be ${who}: ${why}`);
  }
}
