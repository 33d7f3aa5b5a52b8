import type { ByteStream, Clock, StreamSink } from '#io';
import { decodeMessage } from '../message/decode.ts';
import { StreamFramer, type FramedItem } from '../message/stream-framer.ts';
import type { Connection, ConnectionKeeper } from './connection.ts';
import type { Hop } from './hop.ts';
import { transportLimits } from './limits.ts';
import type { MessageCounters } from './message-counters.ts';
import type { TransportListener } from './transport-layer.ts';
import type { TransportName } from './transport-name.ts';

/** RFC 5626 §3.5.1: the answer to a keep-alive. */
const PONG = Buffer.from('\r\n');

export interface ConnectionParts {
  readonly clock: Clock;
  readonly counters: MessageCounters;
  readonly listener: () => TransportListener;
  readonly keeper: ConnectionKeeper;
  readonly transport: TransportName;
  readonly connectionId: number;
  /** 0 = we have dialled. */
  readonly socketId: number;
  readonly tlsName: string | undefined;
}

/** The hop of a connection: the one object that changes only its time. */
export function hopOf(
  { transport, connectionId, socketId, clock }: ConnectionParts,
  { local, remote }: Pick<ByteStream, 'local' | 'remote'>,
): Hop & { receivedMs: number } {
  return {
    transport,
    local,
    socketId,
    remoteAddress: remote.address,
    remotePort: remote.port,
    connectionId,
    receivedMs: clock.nowMs(),
  };
}

/** SIP over TCP or TLS: messages cut by Content-Length (RFC 3261 §18.3). */
export class StreamConnection implements Connection, StreamSink {
  readonly hop: Hop & { receivedMs: number };
  readonly tlsName: string | undefined;
  hasSpoken = false;
  heardMs: number;
  readonly #parts: ConnectionParts;
  readonly #stream: ByteStream;
  readonly #framer = new StreamFramer();

  constructor(parts: ConnectionParts, stream: ByteStream) {
    this.#parts = parts;
    this.#stream = stream;
    this.hop = hopOf(parts, stream);
    this.heardMs = this.hop.receivedMs;
    this.tlsName = parts.tlsName;
  }

  /** Nothing is delivered before. */
  begin(): void {
    this.#stream.receive(this);
  }

  send(bytes: Buffer): boolean {
    if (this.#stream.isClosed) return false;
    if (this.#stream.queuedBytes + bytes.length > transportLimits.queueMaxBytes) {
      this.destroy();
      return false;
    }
    this.#stream.write(bytes);
    return true;
  }

  close(): void {
    this.#stream.close();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  data(chunk: Buffer): void {
    for (const item of this.#framer.push(chunk)) {
      if (this.#stream.isClosed) return;
      this.#take(item);
    }
  }

  closed(): void {
    this.#parts.keeper.ended(this);
  }

  #take(item: FramedItem): void {
    const { clock, counters, listener, transport } = this.#parts;
    this.heardMs = clock.nowMs();
    switch (item.kind) {
      case 'message': {
        this.hop.receivedMs = this.heardMs;
        const message = decodeMessage(item.bytes);
        this.hasSpoken = true;
        if ('kind' in message) {
          counters.garbage(transport);
          listener().bad(message, this.hop);
          return;
        }
        counters.received(transport, message);
        listener().message(message, this.hop);
        return;
      }
      case 'ping':
        this.send(PONG);
        return;
      case 'pong':
        return;
      case 'broken':
        counters.garbage(transport);
        listener().bad(item.bad, this.hop);
        this.close();
    }
  }
}
