import type { Clock, Datagram, DatagramSink } from '#io';
import { decodeMessage } from '../message/decode.ts';
import type { Hop } from './hop.ts';
import { transportLimits } from './limits.ts';
import type { MessageCounters } from './message-counters.ts';
import { isStun, stunAnswer } from './stun.ts';
import type { TransportListener } from './transport-layer.ts';

interface UdpHop extends Hop {
  receivedMs: number;
}

/** Some clients keep their NAT binding up with CR LF CR LF (as RFC 5626 §3.5.1 does on streams), zeros, or nothing at all. */
const CR = 0x0d;
const LF = 0x0a;
const LONGEST_KEEP_ALIVE = 4;

export interface UdpPortParts {
  readonly socket: Datagram;
  readonly socketId: number;
  readonly clock: Clock;
  readonly counters: MessageCounters;
  readonly listener: () => TransportListener;
  /** The network says that nobody is there. */
  readonly unreachable: (address: string, port: number, error: Error) => void;
}

/** One UDP socket: datagrams in, messages out. */
export class UdpPort implements DatagramSink {
  readonly #parts: UdpPortParts;
  readonly #hops = new Map<string, Map<number, UdpHop>>();
  #hopCount = 0;

  constructor(parts: UdpPortParts) {
    this.#parts = parts;
    parts.socket.receive(this);
  }

  get socketId(): number {
    return this.#parts.socketId;
  }

  get socket(): Datagram {
    return this.#parts.socket;
  }

  received(bytes: Buffer, address: string, port: number): void {
    const { clock, counters, listener } = this.#parts;
    if (bytes.length <= LONGEST_KEEP_ALIVE && isKeepAlive(bytes)) return;
    if (isStun(bytes)) {
      this.#answerStun(bytes, address, port);
      return;
    }
    const hop = this.#hops.get(address)?.get(port) ?? this.#learn(address, port);
    hop.receivedMs = clock.nowMs();
    if (listener().datagram?.(bytes, hop) === true) {
      counters.receivedUnread('udp', bytes);
      return;
    }
    const message = decodeMessage(bytes);
    if ('kind' in message) {
      counters.garbage('udp');
      listener().bad(message, hop);
      return;
    }
    counters.received('udp', message);
    listener().message(message, hop);
  }

  refused(address: string, port: number, error: Error): void {
    this.#parts.unreachable(address, port, error);
  }

  close(): void {
    this.#parts.socket.close();
    this.#hops.clear();
  }

  #answerStun(bytes: Buffer, address: string, port: number): void {
    const answer = stunAnswer(bytes, address, port);
    if (answer !== undefined) this.#parts.socket.send(answer, address, port);
  }

  #learn(remoteAddress: string, remotePort: number): UdpHop {
    if (this.#hopCount >= transportLimits.maxRemotes) {
      this.#hops.clear();
      this.#hopCount = 0;
    }
    const { socketId, socket } = this.#parts;
    const { local } = socket;
    const hop: UdpHop = {
      transport: 'udp',
      local,
      socketId,
      remoteAddress,
      remotePort,
      connectionId: 0,
      receivedMs: 0,
    };
    let ofAddress = this.#hops.get(remoteAddress);
    if (ofAddress === undefined) this.#hops.set(remoteAddress, (ofAddress = new Map<number, UdpHop>()));
    ofAddress.set(remotePort, hop);
    this.#hopCount++;
    return hop;
  }
}

function isKeepAlive(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== CR && byte !== LF && byte !== 0) return false;
  return true;
}
