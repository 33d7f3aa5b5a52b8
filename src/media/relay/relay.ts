/**
 * What forwards media, as whoever sets calls up sees it. A session is a call between two parties: `a` made it, `b` was
 * called. A stream of it (one m= line) has a pair of local ports for each party: what comes from `a` to its ports leaves
 * from those of `b` to `b`, port for port (RTP to RTP, RTCP to RTCP), and the other way round. With RTCP on the RTP port
 * (RFC 5761) the second port of a pair stays silent.
 */

export interface MediaAddress {
  /** IPv4 or IPv6 text, without a zone. */
  readonly address: string;
  readonly port: number;
}

/** Which of the two parties: the one that made the call, or the one that was called. */
export type RelaySide = 'a' | 'b';

/** Which packets of a party are accepted, and with that where its packets are sent to. */
export interface LearnRule {
  /**
   * Sources from which the first valid packet makes that source the party's, whatever the port: the address that its SDP
   * names, and the one that its SIP messages come from where it is behind a NAT. Empty: only what `remote` says.
   */
  readonly addresses: readonly string[];
  /**
   * Behind a NAT that may have several addresses: when nobody of `addresses` has spoken, any source is learnt. Only packets
   * that are plausible for the kind of stream count.
   */
  readonly isAnySourceAccepted: boolean;
}

/** One party's half of a stream. */
export interface SidePlan {
  /** Local, bound: address of a socket (`0.0.0.0` and `::` are possible) and the RTP port; RTCP is the next port. */
  readonly local: MediaAddress;
  /** Where the party gets RTP; undefined: it has not said so yet, only learning can tell. */
  readonly remote: MediaAddress | undefined;
  /** Where it gets RTCP; undefined: nowhere, or at `remote` (`isMuxed` in the stream). */
  readonly remoteControl: MediaAddress | undefined;
  readonly learn: LearnRule;
  /** It must not be sent anything now (RFC 3264 §8.4: c=0.0.0.0); it may go on sending, and be learnt. */
  readonly isDeaf: boolean;
}

export interface StreamPlan {
  /**
   * `rtp`: RTP, SRTP, RTCP, STUN, DTLS, told apart by their first bytes (RFC 7983), are valid; `udp`: any datagram is (T.38 by
   * udptl and what else there is).
   */
  readonly kind: 'rtp' | 'udp';
  readonly a: SidePlan;
  readonly b: SidePlan;
  /** Both have agreed on RTCP on the RTP port. */
  readonly isMuxed: boolean;
}

export interface RelayPlan {
  /** By the order of the m= lines; undefined: not relayed (refused, ended, not UDP). Streams are only added at the end. */
  readonly streams: readonly (StreamPlan | undefined)[];
  /**
   * When nothing valid has come from either party, on any stream, for so long after the last packet or `update`, `idle` is
   * called. Infinity: never.
   */
  readonly timeoutMs: number;
}

/** A local port cannot be bound: somebody else has it, the address is not here, no more descriptors. */
export interface RelayRefusal {
  readonly kind: 'refused';
  /** Undefined: not the fault of one port, another one would not help. */
  readonly port: MediaAddress | undefined;
  /** For people: what, and what to do. */
  readonly reason: string;
}

/** What has come from one party, and what has become of it. */
export interface SideCounters {
  /** RTP, or any datagram of a stream of kind `udp`. */
  readonly packets: number;
  readonly octets: number;
  readonly controlPackets: number;
  /** Not forwarded: not from the party, not valid, or the other party cannot get anything yet. */
  readonly droppedPackets: number;
  /** RFC 3550 §A.3, of what came from the party; negative where packets came twice. */
  readonly lostPackets: number;
  /** RFC 3550 §A.8, in milliseconds; undefined: not known (clock rate not known, or in the kernel). */
  readonly jitterMs: number | undefined;
  /** Where it sends from, once that is known. */
  readonly source: MediaAddress | undefined;
}

export interface StreamCounters {
  readonly a: SideCounters;
  readonly b: SideCounters;
  /** Of a stream that has ended: it was. */
  readonly isInKernel: boolean;
}

export interface RelayListener {
  /** See `RelayPlan.timeoutMs`. The session stays until it is closed; called again after another such time. */
  idle(): void;
  /** Nothing is forwarded any more: a socket broke, or could not be bound after all. */
  failed(reason: string): void;
}

export interface RelaySession {
  readonly kind: 'session';
  /**
   * From now on. What was learnt of a side stays where its `remote` and `learn` have not changed; a changed one is learnt
   * anew. Where it is refused nothing has changed.
   */
  update(plan: RelayPlan): RelayRefusal | undefined;
  /**
   * By the order of the m= lines, those that have ended too; undefined: never relayed. They count over the life of the session,
   * and are whole once it is closed: what the kernel forwards is counted every few seconds, and when it ends.
   */
  counters(): readonly (StreamCounters | undefined)[];
  /** The ports are free when this returns. Harmless when repeated. */
  close(): void;
}

export interface RelayFigures {
  readonly sessions: number;
  /** Relayed now: all, and those of them that the kernel forwards. */
  readonly streams: number;
  readonly kernelStreams: number;
  /** Since the start, of all sessions. */
  readonly packets: number;
  readonly octets: number;
  readonly droppedPackets: number;
}

export interface MediaRelay {
  /** How packets are forwarded, for people: `kernel (nftables)`, `user space (epoll)`, `user space (dgram)`; with the reason. */
  readonly means: string;
  /** At once: the answer to an INVITE does not wait for sockets. */
  open(plan: RelayPlan, listener: RelayListener): RelaySession | RelayRefusal;
  figures(): RelayFigures;
}
