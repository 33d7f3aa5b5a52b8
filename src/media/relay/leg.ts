import type { MediaDatagram, MediaRemote, MediaSink, MediaSocket, MediaSockets } from '#io';
import { kindOf, packetKind, type PacketKind } from '../rtp/packet-kind.ts';
import { payloadTypeOf, sequenceOf, sourceOf, staticClockRate, timestampOf } from '../rtp/rtp-header.ts';
import { Latch, type LatchExpectation, type LatchPacket } from './latch.ts';
import type { MediaAddress } from './relay.ts';
import type { SideTotals } from './side-totals.ts';

export interface LegOptions {
  readonly sockets: MediaSockets;
  readonly local: MediaAddress;
  readonly typeOfService: number | undefined;
  readonly expected: LatchExpectation;
  readonly totals: SideTotals;
  readonly isDeaf: boolean;
  /** For RTCP: where the party's RTP comes from, once that is known. Strangers are believed from there only. */
  readonly rtpLeg: Leg | undefined;
  readonly listener: LegListener;
}

export interface LegListener {
  /** When the kernel heard the party, as far as it is known to forward what it sends; -Infinity: it does not. */
  kernelHeardMs(nowMs: number): number;
  /** The party's source, or where it gets packets, is another than before. */
  moved(): void;
  failed(error: Error): void;
}

/** One local port and the party that sends to it. What comes from there leaves from the partner's port to the other party. */
export class Leg implements MediaSink {
  /** When something valid came from the party; milliseconds of the clock. */
  lastHeardMs = -Infinity;
  readonly #options: LegOptions;
  readonly #socket: MediaSocket;
  readonly #latch: Latch;
  readonly #totals: SideTotals;
  #expected: LatchExpectation;
  #isRtp: boolean;
  #isDeaf: boolean;
  #partner: Leg | undefined;
  #source: MediaRemote | undefined;
  #target: MediaRemote | undefined;
  #clockRate = 0;
  #payloadType = -1;

  /** @throws IoError as `MediaSockets.open`. */
  constructor(options: LegOptions) {
    const { sockets, local, typeOfService, expected } = options;
    this.#options = options;
    this.#totals = options.totals;
    this.#latch = new Latch(expected);
    this.#expected = expected;
    this.#isRtp = expected.kind === 'rtp';
    this.#isDeaf = options.isDeaf;
    this.#pointAt();
    const socketOptions = { host: local.address, port: local.port };
    this.#socket = sockets.open(
      typeOfService === undefined ? socketOptions : { ...socketOptions, typeOfService },
      this,
    );
  }

  get local(): MediaAddress {
    return this.#options.local;
  }

  get source(): MediaAddress | undefined {
    return this.#latch.source;
  }

  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  set partner(leg: Leg) {
    this.#partner = leg;
  }

  expect(expected: LatchExpectation, isDeaf: boolean, nowMs: number): void {
    this.#expected = expected;
    this.#isRtp = expected.kind === 'rtp';
    this.#isDeaf = isDeaf;
    this.#latch.expect(expected, nowMs);
    this.#pointAt();
  }

  received(datagram: MediaDatagram): void {
    const source = this.#source;
    if (source !== undefined && datagram.isFrom(source)) this.#forward(datagram);
    else this.#receivedElsewhere(datagram);
  }

  failed(error: Error): void {
    this.#options.listener.failed(error);
  }

  close(): void {
    this.#socket.close();
  }

  #forward(datagram: MediaDatagram): void {
    const totals = this.#totals;
    if (!this.#count(datagram)) {
      totals.droppedPackets++;
      return;
    }
    this.lastHeardMs = datagram.atMs;
    const partner = this.#partner!;
    const to = partner.#target;
    if (to === undefined || partner.#isDeaf || !partner.#socket.pass(datagram, to)) totals.droppedPackets++;
  }

  /** False: not valid. */
  #count(datagram: MediaDatagram): boolean {
    const totals = this.#totals;
    const { bytes, length } = datagram;
    const kind = this.#isRtp ? kindOf(bytes, length) : packetKind.rtp;
    if (kind === packetKind.rtp) {
      totals.packets++;
      totals.octets += length;
      if (this.#isRtp) this.#measure(bytes, datagram.atMs);
    } else if (kind === packetKind.control) totals.controlPackets++;
    return kind !== packetKind.other;
  }

  #measure(bytes: Uint8Array, atMs: number): void {
    const payloadType = payloadTypeOf(bytes);
    if (payloadType !== this.#payloadType) {
      this.#payloadType = payloadType;
      this.#clockRate = staticClockRate(payloadType) ?? 0;
    }
    this.#totals.reception.receive(sourceOf(bytes), sequenceOf(bytes), timestampOf(bytes), atMs, this.#clockRate);
  }

  #receivedElsewhere(datagram: MediaDatagram): void {
    const packet = this.#describe(datagram);
    if (this.#totals.reception.source >= 0) this.#latch.speaksAs(this.#totals.reception.source);
    const heardMs = Math.max(this.lastHeardMs, this.#options.listener.kernelHeardMs(datagram.atMs));
    if (!this.#isFromNearRtp(packet) || !this.#latch.accepts(packet, datagram.atMs, heardMs)) {
      this.#totals.droppedPackets++;
      return;
    }
    const isMove = isAt(this.#latch.source, packet);
    if (isMove) this.#pointAt();
    this.#forward(datagram);
    if (isMove) this.#options.listener.moved();
  }

  /** RTCP of a party that may come from anywhere comes from the address of its RTP. */
  #isFromNearRtp(packet: LatchPacket): boolean {
    const { rtpLeg } = this.#options;
    const { learn } = this.#expected;
    if (rtpLeg === undefined || !learn.isAnySourceAccepted) return true;
    return learn.addresses.includes(packet.address) || packet.address === rtpLeg.source?.address;
  }

  #describe({ bytes, length, address, port }: MediaDatagram): LatchPacket {
    const kind: PacketKind = kindOf(bytes, length);
    const isRtp = kind === packetKind.rtp;
    const source = isRtp ? sourceOf(bytes) : kind === packetKind.control ? timestampOf(bytes) : 0;
    return { kind, address, port, source, sequence: isRtp ? sequenceOf(bytes) : 0 };
  }

  #pointAt(): void {
    const { source, target } = this.#latch;
    const remoteOf = (at: MediaAddress | undefined): MediaRemote | undefined =>
      at === undefined ? undefined : this.#options.sockets.remote(at.address, at.port);
    this.#source = remoteOf(source);
    this.#target = source === target ? this.#source : remoteOf(target);
  }
}

const isAt = (one: MediaAddress | undefined, other: MediaAddress): boolean =>
  one !== undefined && one.port === other.port && one.address === other.address;
