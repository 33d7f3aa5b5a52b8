import { packetKind, type PacketKind } from '../rtp/packet-kind.ts';
import type { LearnRule, MediaAddress } from './relay.ts';

/** Milliseconds. */
export const latchTimes = {
  /** After the first packet of a party, or of what an update made of it, a better source may still take its place. */
  settleMs: 3_000,
  /** In that time also an equally good source, when the one that was learnt has been silent for so long. */
  yieldMs: 500,
  /** Later: the same stream from another port of the same address (a NAT forgot its mapping), after such a silence. */
  moveMs: 2_000,
} as const;

/** What the latch wants to know of a packet from somebody who is not the party's source. */
export interface LatchPacket {
  readonly kind: PacketKind;
  readonly address: string;
  readonly port: number;
  /** SSRC and sequence number of RTP; SSRC of the sender of RTCP, and 0. */
  readonly source: number;
  readonly sequence: number;
}

export interface LatchExpectation {
  readonly remote: MediaAddress | undefined;
  readonly learn: LearnRule;
  /** What is valid: RTP and what shares its ports, or any datagram. */
  readonly kind: 'rtp' | 'udp';
}

/**
 * How well a source fits: exactly what the SDP says; an address that the party is known by; anybody, when we were told
 * that the party may come from anywhere.
 */
const rank = { stranger: 0, anybody: 1, knownAddress: 2, exact: 3 } as const;
type Rank = (typeof rank)[keyof typeof rank];

/** The number space of RTP is 16 bits: two packets in a row are this near. */
const NEAR = 100;

/**
 * Which source is the party: the first valid packet from a source that fits decides, a better one may follow for some
 * seconds, then nobody else's packets count until an update says that the party has moved. Whoever uses it compares packets
 * with `source` first and asks only for those that come from elsewhere.
 */
export class Latch {
  #expected: LatchExpectation;
  #source: MediaAddress | undefined;
  #rank: Rank = rank.stranger;
  /** Of the stream that was learnt; -1: not RTP. */
  #stream = -1;
  #settlesAtMs = Infinity;
  /** From before the update: accepted until the party speaks from where it is now. */
  #former: MediaAddress | undefined;
  #expectedSinceMs = -Infinity;
  /** Somebody who would be believed if he sent once more. */
  #candidate: LatchPacket | undefined;

  constructor(expected: LatchExpectation) {
    this.#expected = expected;
  }

  /** undefined: the party has not spoken yet. */
  get source(): MediaAddress | undefined {
    return this.#source;
  }

  /** Where the party was before the last update, as long as it has not spoken from elsewhere. */
  get former(): MediaAddress | undefined {
    return this.#former;
  }

  /**
   * Where the party gets packets; undefined: nobody can tell yet. After an update one behind a NAT is still where it was:
   * what its SDP says means nothing here.
   */
  get target(): MediaAddress | undefined {
    const { remote, learn } = this.#expected;
    const isBehindNat = learn.isAnySourceAccepted || learn.addresses.length > 1;
    return this.#source ?? (isBehindNat && remote !== undefined ? (this.#former ?? remote) : remote);
  }

  /** No other source can be learnt any more, but by an update. */
  hasSettled(nowMs: number): boolean {
    return this.#source !== undefined && (this.#rank === rank.exact || nowMs >= this.#settlesAtMs);
  }

  /** What is expected from now on. What was learnt stays where that is the same. */
  expect(expected: LatchExpectation, nowMs: number): void {
    const isSame = sameExpectation(this.#expected, expected);
    this.#expected = expected;
    if (isSame) return;
    this.#expectedSinceMs = nowMs;
    this.#candidate = undefined;
    if (isAt(expected.remote, this.#source)) {
      this.#rank = rank.exact;
      return;
    }
    this.#former = this.#source ?? this.#former;
    this.#source = undefined;
    this.#rank = rank.stranger;
    this.#stream = -1;
    this.#settlesAtMs = Infinity;
  }

  /** `source` speaks with another SSRC now: it may do so, and is known by it from now on. */
  speaksAs(stream: number): void {
    this.#stream = stream;
  }

  /**
   * A packet that is not from `source`. True: it is the party's, who is at that source from now on; also if it is only
   * `former` still. False: drop it.
   * @param lastHeardMs when `source` spoke last.
   */
  accepts(packet: LatchPacket, nowMs: number, lastHeardMs: number): boolean {
    if (this.#expected.kind === 'rtp' && packet.kind === packetKind.other) return false;
    const fits = this.#rankOf(packet);
    if (this.#mayTake(packet, fits, nowMs, lastHeardMs)) return this.#learn(packet, fits, nowMs);
    return this.#source === undefined && isAt(this.#former, packet);
  }

  #rankOf(packet: LatchPacket): Rank {
    const { remote, learn } = this.#expected;
    if (isAt(remote, packet)) return rank.exact;
    if (learn.addresses.includes(packet.address)) return rank.knownAddress;
    return learn.isAnySourceAccepted ? rank.anybody : rank.stranger;
  }

  #mayTake(packet: LatchPacket, fits: Rank, nowMs: number, lastHeardMs: number): boolean {
    if (this.#source === undefined) {
      // Late packets from where the party was are no news; when they go on and on, it has not moved after all.
      const isLate = isAt(this.#former, packet) && nowMs - this.#expectedSinceMs < latchTimes.yieldMs;
      if (isLate && fits < rank.exact) return false;
      return fits > rank.anybody || (fits === rank.anybody && this.#isSecond(packet));
    }
    const silentMs = nowMs - lastHeardMs;
    if (this.hasSettled(nowMs)) return silentMs >= latchTimes.moveMs && this.#hasMoved(packet);
    if (fits > this.#rank) return true;
    if (fits < this.#rank) return false;
    if (silentMs < latchTimes.yieldMs && !this.#isSameStream(packet)) return false;
    return fits > rank.anybody || this.#isSecond(packet);
  }

  /** The same stream from another port of the same address. */
  #hasMoved(packet: LatchPacket): boolean {
    return packet.address === this.#source?.address && this.#isSameStream(packet);
  }

  #isSameStream(packet: LatchPacket): boolean {
    return isStream(packet) && packet.source === this.#stream;
  }

  /** RFC 3550 §A.1 (MIN_SEQUENTIAL): two in a row, from the same source, of the same stream. */
  #isSecond(packet: LatchPacket): boolean {
    const before = this.#candidate;
    this.#candidate = { ...packet };
    if (before?.kind !== packet.kind || before.address !== packet.address || before.port !== packet.port) return false;
    const steps = (packet.sequence - before.sequence) & 0xffff;
    return packet.kind !== packetKind.rtp || (before.source === packet.source && steps > 0 && steps < NEAR);
  }

  #learn(packet: LatchPacket, fits: Rank, nowMs: number): true {
    if (this.#settlesAtMs === Infinity) this.#settlesAtMs = nowMs + latchTimes.settleMs;
    this.#source = { address: packet.address, port: packet.port };
    // Who moved later keeps the rank that he had.
    this.#rank = fits === rank.stranger ? this.#rank : fits;
    this.#stream = isStream(packet) ? packet.source : -1;
    this.#former = undefined;
    this.#candidate = undefined;
    return true;
  }
}

const isStream = ({ kind }: LatchPacket): boolean => kind === packetKind.rtp || kind === packetKind.control;

const isAt = (one: MediaAddress | undefined, other: MediaAddress | undefined): boolean =>
  one !== undefined && other !== undefined && one.port === other.port && one.address === other.address;

function sameExpectation(one: LatchExpectation, other: LatchExpectation): boolean {
  const isSameRemote =
    one.remote === undefined || other.remote === undefined
      ? one.remote === other.remote
      : isAt(one.remote, other.remote);
  const { learn } = other;
  return (
    isSameRemote &&
    one.kind === other.kind &&
    one.learn.isAnySourceAccepted === learn.isAnySourceAccepted &&
    one.learn.addresses.length === learn.addresses.length &&
    one.learn.addresses.every((address, i) => address === learn.addresses[i])
  );
}
