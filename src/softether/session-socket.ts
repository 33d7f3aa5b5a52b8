import { DecodeError } from '#base';
import type { HubPort } from '#hub';
import type { ByteStream, StreamSink } from '#io';
import { BlockReader, type BlockReaderOptions, type BlockSink } from './codec/block-reader.ts';
import type { StreamDirection } from './codec/additional-connect.ts';
import type { TimerWheel, Watched } from './timer-wheel.ts';

/** Where the frames of a session's sockets go, and where sent blocks go back to. */
export type SocketPort = Pick<HubPort, 'receive' | 'endOfRead' | 'release'>;

/** The session that a socket belongs to, as the socket sees it. */
export interface SocketOwner {
  readonly port: SocketPort;
  readonly timeoutMs: number;
  readonly readerOptions: BlockReaderOptions;
  readonly wheel: TimerWheel;
  /** A random time until the next keep-alive, ms. */
  keepAliveSpanMs(): number;
  keepAliveSent(): void;
  /** A block has gone out; there is room for another. */
  roomToSend(): void;
  lost(socket: SessionSocket, how: SocketEnd): void;
}

/**
 * `closed`: with close_notify. `hungUp`: FIN alone, which is how stock clients end a session, and a dying process its
 * connections. `broken`: reset, or bytes that are not the protocol. `silent`: nothing for the time-out.
 */
export type SocketEnd = 'closed' | 'hungUp' | 'broken' | 'silent';

/** What comes in chunks of this size is sent on at once: whoever gets it works while the next one is decrypted. */
const BULK_CHUNK_BYTES = 16 * 1024;
/** `[0xFFFFFFFF][size 0]` */
const KEEP_ALIVE = Buffer.from('ffffffff00000000', 'hex');

/**
 * One TCP connection of a session: parses what comes in, writes whole blocks, sends keep-alives where nothing else goes
 * out, and notices when the peer has gone silent. An idle one owns no buffer.
 */
export class SessionSocket implements StreamSink, BlockSink, Watched {
  readonly stream: ByteStream;
  readonly direction: StreamDirection;
  /** Blocks handed to the stream and not yet written. */
  writesInFlight = 0;
  bytesSent = 0;
  bytesReceived = 0;
  lastHeardMs: number;
  isClosed = false;
  readonly #owner: SocketOwner;
  readonly #reader: BlockReader;
  readonly #inFlight: Buffer[] = [];
  #keepAliveAtMs: number;
  #lastSentMs: number;
  /** When a write last began on an empty socket, or was finished. */
  #lastProgressMs: number;

  constructor(stream: ByteStream, direction: StreamDirection, owner: SocketOwner) {
    this.stream = stream;
    this.direction = direction;
    this.#owner = owner;
    this.#reader = new BlockReader(this, owner.readerOptions);
    const now = owner.wheel.nowMs;
    this.lastHeardMs = now;
    this.#lastProgressMs = now;
    this.#lastSentMs = now;
    this.#keepAliveAtMs = now + owner.keepAliveSpanMs();
  }

  get canSend(): boolean {
    return this.direction !== 'toServer';
  }

  get canReceive(): boolean {
    return this.direction !== 'toClient';
  }

  /** `first`: stream bytes that came along with the last HTTP message. */
  start(first: Buffer): void {
    if (this.canSend) this.#sendKeepAlive();
    if (first.length > 0) this.data(first);
    if (this.isClosed) return;
    this.stream.receiveShared(this);
    this.#owner.wheel.watch(this, this.#nextLookMs(this.#owner.wheel.nowMs));
  }

  data(chunk: Buffer, hasMore = false): void {
    if (this.isClosed) return;
    this.lastHeardMs = this.#owner.wheel.nowMs;
    this.bytesReceived += chunk.length;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#end('broken');
    }
    this.#owner.port.endOfRead(hasMore && chunk.length < BULK_CHUNK_BYTES);
  }

  /** A run of frames from the reader. */
  run(buf: Buffer, from: number, to: number, frames: number): void {
    if (!this.isClosed) this.#owner.port.receive(buf, from, to, frames);
  }

  closed(reason: { readonly clean: boolean; readonly error: Error | undefined }): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#reader.close();
    const isHangUp = reason.error === undefined;
    this.#owner.lost(this, reason.clean ? 'closed' : isHangUp ? 'hungUp' : 'broken');
  }

  /** Writes `[u32 N]` and its blocks; given back to the port when the kernel has them. */
  send(block: Buffer): void {
    this.#lastSentMs = this.#owner.wheel.nowMs;
    if (this.writesInFlight === 0) this.#lastProgressMs = this.#lastSentMs;
    this.writesInFlight++;
    this.#inFlight.push(block);
    this.bytesSent += block.length;
    this.stream.write(block, this.#written);
  }

  readonly #written = (): void => {
    const block = this.#inFlight.shift();
    if (block === undefined) return;
    this.writesInFlight--;
    this.#lastProgressMs = this.#owner.wheel.nowMs;
    this.#owner.port.release(block);
    if (!this.isClosed) this.#owner.roomToSend();
  };

  /** Closes in order; the session is not told. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#reader.close();
    this.stream.close();
  }

  look(nowMs: number): number {
    if (this.isClosed) return 0;
    if (this.#isSilent(nowMs)) {
      this.#end('silent');
      return 0;
    }
    if (this.canSend && nowMs >= this.#keepAliveAtMs) this.#keepAlive(nowMs);
    return this.#nextLookMs(nowMs);
  }

  /** Nothing came in where something must come, or what we wrote has not moved. */
  #isSilent(nowMs: number): boolean {
    const timeoutMs = this.#owner.timeoutMs;
    if (this.canReceive && nowMs - this.lastHeardMs >= timeoutMs) return true;
    return this.writesInFlight > 0 && nowMs - this.#lastProgressMs >= timeoutMs;
  }

  #nextLookMs(nowMs: number): number {
    const silentAtMs = this.canReceive ? this.lastHeardMs + this.#owner.timeoutMs : Infinity;
    const stalledAtMs = this.writesInFlight > 0 ? this.#lastProgressMs + this.#owner.timeoutMs : Infinity;
    const keepAliveAtMs = this.canSend ? this.#keepAliveAtMs : Infinity;
    return Math.max(Math.min(silentAtMs, stalledAtMs, keepAliveAtMs) - nowMs, 1);
  }

  /** Due: sent, or postponed to a span after the last data. */
  #keepAlive(nowMs: number): void {
    const spanMs = this.#owner.keepAliveSpanMs();
    this.#keepAliveAtMs = this.#lastSentMs + spanMs;
    if (this.#keepAliveAtMs > nowMs) return;
    this.#sendKeepAlive();
    this.#keepAliveAtMs = nowMs + spanMs;
  }

  #sendKeepAlive(): void {
    this.#lastSentMs = this.#owner.wheel.nowMs;
    this.bytesSent += KEEP_ALIVE.length;
    this.stream.write(KEEP_ALIVE);
    this.#owner.keepAliveSent();
  }

  #end(how: SocketEnd): void {
    this.close();
    this.#owner.lost(this, how);
  }
}
