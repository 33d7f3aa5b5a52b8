import type { Logger } from '#base';
import type { Bus } from '#cluster';
import type { Clock, Datagram } from '#io';
import type { FarmFigures } from './farm-figures.ts';
import type { FarmMember } from './farm-membership.ts';
import type { Frame } from './frame.ts';
import { FrameCodec } from './frame-codec.ts';
import { frameLimits } from './frame-limits.ts';
import { FrameSeal } from './frame-seal.ts';
import { memberIdOf } from './member-id-of.ts';
import type { MemberTable } from './member-table.ts';
import type { Parcel } from './parcel.ts';
import { ReplayWindow } from './replay-window.ts';

export const busService = 'sip/farm';
const LOG_EVERY_MS = 60_000;

export interface RelayLinkParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly members: MemberTable;
  readonly relayPort: Datagram;
  readonly bus: Pick<Bus, 'send' | 'serve'> | undefined;
  readonly secret: Uint8Array;
  readonly figures: FarmFigures;
  readonly received: (frame: Frame, sender: FarmMember) => void;
  /** What came over the bus and is no frame. */
  readonly told: (body: unknown) => void;
}

interface Peer {
  readonly boot: number;
  readonly window: ReplayWindow;
  lastSequence: number;
}

/**
 * Frames to and from the other members. What came, or shall go, by UDP travels as a datagram between the relay ports: whoever
 * sent it sends it again when it is lost. What came or shall go by a connection is never sent again, and may be secret: it
 * goes over the bus, whose links lose nothing while they live and are TLS; as does what is too long for a datagram.
 */
export class RelayLink {
  readonly #parts: RelayLinkParts;
  readonly #codec: FrameCodec;
  readonly #peers = new Map<string, Peer>();
  readonly #unserve: (() => void) | undefined;
  #loggedMs = -Infinity;
  #isStopped = false;

  constructor(parts: RelayLinkParts) {
    this.#parts = parts;
    this.#codec = new FrameCodec(new FrameSeal(parts.secret));
    parts.relayPort.receive({ received: (bytes) => this.#datagram(bytes) });
    this.#unserve = parts.bus?.serve(busService, (body) => this.#fromBus(body));
  }

  /** Returns the sequence number; 0 = it cannot be sent. */
  send(to: FarmMember, parcel: Parcel): number {
    if (this.#isStopped) return 0;
    const { members, relayPort, figures } = this.#parts;
    const { token, boot } = members.self;
    const peer = this.#peer(to);
    const sequence = ++peer.lastSequence;
    // Field by field: objects that are made by spreading are ten times as slow, and this is for most messages of a farm.
    const bytes = this.#codec.encode({
      kind: parcel.kind,
      sender: token,
      holder: parcel.holder,
      boot,
      receiverBoot: to.boot,
      sequence,
      subject: parcel.subject,
      transport: parcel.transport,
      socketId: parcel.socketId,
      connectionId: parcel.connectionId,
      localAddress: parcel.localAddress,
      localPort: parcel.localPort,
      remoteAddress: parcel.remoteAddress,
      remotePort: parcel.remotePort,
      tlsName: parcel.tlsName,
      rest: parcel.rest,
      isNamed: parcel.isNamed,
      path: parcel.path,
      payload: parcel.payload,
    });
    if (parcel.transport === 'udp' && bytes.length <= frameLimits.datagramMaxBytes) {
      relayPort.send(bytes, to.relayHost, to.relayPort);
      return sequence;
    }
    return this.#overBus(to, bytes) ? sequence : this.#failed(figures);
  }

  stop(): void {
    this.#isStopped = true;
    this.#unserve?.();
  }

  #overBus({ name }: FarmMember, bytes: Buffer): boolean {
    const { bus, figures } = this.#parts;
    if (bus === undefined) return false;
    figures.busFrames++;
    bus.send(memberIdOf(name), busService, bytes.toString('base64'));
    return true;
  }

  #failed(figures: FarmFigures): number {
    figures.failures++;
    return 0;
  }

  #datagram(bytes: Buffer): void {
    const frame = this.#read(bytes);
    if (frame === undefined) return;
    const sender = this.#parts.members.known(frame.sender);
    const { self } = this.#parts.members;
    const isOfNow = sender?.boot === frame.boot && self.boot === frame.receiverBoot && sender !== self;
    if (sender === undefined || !isOfNow || !this.#peer(sender).window.accept(frame.sequence)) {
      this.#parts.figures.staleFrames++;
      return;
    }
    this.#parts.received(frame, sender);
  }

  /** The bus has looked who sends it, and gives nothing twice. */
  #fromBus(body: unknown): undefined {
    if (typeof body !== 'string') {
      this.#parts.told(body);
      return undefined;
    }
    const frame = this.#read(Buffer.from(body, 'base64'));
    const sender = frame === undefined ? undefined : this.#parts.members.known(frame.sender);
    if (frame !== undefined && sender !== undefined) this.#parts.received(frame, sender);
    return undefined;
  }

  #read(bytes: Buffer): Frame | undefined {
    if (this.#isStopped) return undefined;
    const frame = this.#codec.decode(bytes);
    if (frame === undefined) this.#bad();
    return frame;
  }

  #bad(): void {
    const { clock, logger, figures, relayPort } = this.#parts;
    figures.badFrames++;
    if (clock.nowMs() - this.#loggedMs < LOG_EVERY_MS) return;
    this.#loggedMs = clock.nowMs();
    const { address, port } = relayPort.local;
    logger.warn(
      { badFrames: figures.badFrames },
      `something that is no member of this SIP farm sends to its relay port ${address}:${port}: keep others away from it with a firewall`,
    );
  }

  #peer({ token, boot }: FarmMember): Peer {
    let peer = this.#peers.get(token);
    if (peer?.boot !== boot) {
      peer = { boot, window: new ReplayWindow(), lastSequence: 0 };
      this.#peers.set(token, peer);
    }
    return peer;
  }
}
