import type { WebSocketChannel, WebSocketSink } from '#io';
import { decodeMessage } from '../message/decode.ts';
import type { Connection } from './connection.ts';
import type { Hop } from './hop.ts';
import { transportLimits } from './limits.ts';
import { hopOf, type ConnectionParts } from './stream-connection.ts';

/** Keep-alives inside frames: RFC 7118 §6 has pings of WebSocket instead, but clients send CR LF all the same. */
const LONGEST_KEEP_ALIVE = 4;
const PONG = Buffer.from('\r\n');

/** SIP over WebSocket: one message in each (RFC 7118 §5). */
export class WebSocketConnection implements Connection, WebSocketSink {
  readonly hop: Hop & { receivedMs: number };
  readonly tlsName = undefined;
  hasSpoken = false;
  heardMs: number;
  readonly #parts: ConnectionParts;
  readonly #channel: WebSocketChannel;

  constructor(parts: ConnectionParts, channel: WebSocketChannel) {
    this.#parts = parts;
    this.#channel = channel;
    this.hop = hopOf(parts, channel);
    this.heardMs = this.hop.receivedMs;
  }

  begin(): void {
    this.#channel.receive(this);
  }

  send(bytes: Buffer): boolean {
    if (this.#channel.isClosed) return false;
    if (this.#channel.queuedBytes + bytes.length > transportLimits.queueMaxBytes) {
      this.destroy();
      return false;
    }
    this.#channel.send(bytes);
    return true;
  }

  close(): void {
    this.#channel.close();
  }

  destroy(): void {
    this.#channel.destroy();
  }

  message(bytes: Buffer): void {
    const { clock, counters, listener, transport } = this.#parts;
    this.heardMs = clock.nowMs();
    if (bytes.length <= LONGEST_KEEP_ALIVE && bytes.toString('latin1').trim() === '') {
      if (bytes.length === LONGEST_KEEP_ALIVE) this.send(PONG);
      return;
    }
    this.hop.receivedMs = this.heardMs;
    this.hasSpoken = true;
    const message = decodeMessage(bytes);
    if ('kind' in message) {
      counters.garbage(transport);
      listener().bad(message, this.hop);
      return;
    }
    counters.received(transport, message);
    listener().message(message, this.hop);
  }

  alive(): void {
    this.heardMs = this.#parts.clock.nowMs();
  }

  closed(): void {
    this.#parts.keeper.ended(this);
  }
}
