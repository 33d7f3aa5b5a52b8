import type { CallCopy } from './call-copy.ts';
import type { MediaServices } from './media-services.ts';
import { packetsOf, type MediaSummary, type StreamSummary } from './media-summary.ts';
import type { LocalFace } from './local-faces.ts';
import type { RelayListener, RelayPlan, RelayRefusal, RelaySession, RelaySide } from './relay/relay.ts';
import { otherSide, placeOf, relayReason, type CallFacts, type RelayReason } from './relay-rules.ts';
import { rewriteSdp, type StreamPlace } from './sdp/rewrite.ts';
import type { SessionDescription } from './sdp/session-description.ts';
import { isRelayable, mediaAddressOf } from './sdp/stream-address.ts';
import { relayPlan, silenceMs, withAdded, type Sides } from './session-plan.ts';
import { sideMediaOf, type SideMedia } from './side-media.ts';
import { giveStreamPorts, takeStreamPorts, withFreePorts, type StreamPorts } from './stream-ports.ts';

/** What becomes of a description on its way. */
export type Described =
  | { readonly kind: 'relayed'; readonly body: Buffer }
  /** It passes as it came. */
  | { readonly kind: 'unchanged' }
  /** It should be relayed, and cannot be. */
  | { readonly kind: 'full'; readonly reason: string };

export interface MediaCallListener {
  /** Nothing has come from either party for too long; the session is over. */
  silent(summary: MediaSummary): void;
}

const unchanged: Described = Object.freeze({ kind: 'unchanged' });

/**
 * The media of one call, from its first offer on: whether they are relayed, by which ports, and where to. Offers and answers
 * are RFC 3264's; who offers is for the signalling to say. Answers may come several times (early media, forks): the
 * latest counts, up to the final one.
 */
export class MediaCall implements RelayListener {
  readonly kind = 'call';
  readonly #services: MediaServices;
  readonly #facts: CallFacts;
  readonly #listener: MediaCallListener;
  #reason: RelayReason | undefined;
  #isDecided = false;
  #session: RelaySession | undefined;
  #faces: Sides<LocalFace> | undefined;
  #ports: (StreamPorts | undefined)[] = [];
  #media: Sides<SideMedia | undefined> = { a: undefined, b: undefined };
  /** An offer that waits for its answer; its sender's media go on as they were until then. */
  #offer: { readonly from: RelaySide; readonly media: SideMedia } | undefined;
  readonly #names: string[] = [];
  #isUp = false;
  /**
   * A session refresh repeats what was said before, under the same version (RFC 4028 §7.4), and leads to other ports now. By the
   * clock it is also newer than what any member before this one has added.
   */
  #newer: number;

  constructor(services: MediaServices, facts: CallFacts, listener: MediaCallListener) {
    this.#services = services;
    this.#newer = facts.isUnderWay ? Math.floor(services.clock.wallMs() / 1000) : 0;
    this.#facts = facts;
    this.#listener = listener;
  }

  /** Goes on with a call as another member had it. */
  static restored(services: MediaServices, copy: CallCopy, listener: MediaCallListener): MediaCall | RelayRefusal {
    const call = new MediaCall(services, copy.facts, listener);
    return call.#restore(copy) ?? call;
  }

  /** Why it is relayed; undefined: it is not, or not yet. */
  get reason(): RelayReason | undefined {
    return this.#reason;
  }

  get isRelayed(): boolean {
    return this.#session !== undefined;
  }

  /** Its offer waits for an answer of the other side. */
  isOfferedBy(side: RelaySide): boolean {
    return this.#offer?.from === side;
  }

  offer(from: RelaySide, sdp: SessionDescription): Described {
    if (this.#isDecided ? this.#session === undefined : !this.#decide(from, sdp)) return unchanged;
    const media = sideMediaOf(sdp, 'offer', this.#facts[from], this.#services.faces);
    const shortage = this.#prepare(from, media, sdp);
    if (shortage !== undefined) return this.#full(shortage);
    this.#offer = { from, media };
    return this.#described(from, sdp, media);
  }

  /** `isFinal`: no other answer to that offer will come. */
  answer(from: RelaySide, sdp: SessionDescription, isFinal: boolean): Described {
    if (this.#session === undefined) return unchanged;
    const media = sideMediaOf(sdp, 'answer', this.#facts[from], this.#services.faces);
    const body = this.#described(from, sdp, media);
    const offer = this.#offer;
    if (offer !== undefined && offer.from !== from) this.#media[offer.from] = offer.media;
    this.#media[from] = media;
    if (isFinal) this.#settle();
    else this.#update();
    return body;
  }

  /** Of a party that does not count any more: another telephone has taken the call. Nothing changes but the text. */
  reword(from: RelaySide, sdp: SessionDescription): Described {
    if (this.#session === undefined) return unchanged;
    return this.#described(from, sdp, sideMediaOf(sdp, 'answer', this.#facts[from], this.#services.faces));
  }

  /** The answer that has come before was the last one to that offer. */
  accepted(): void {
    if (this.#offer !== undefined) this.#settle();
  }

  /** The call is up: from now on silence ends its media. */
  up(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    // An answer is about to come: it will say so as well.
    if (this.#offer === undefined) this.#update();
  }

  /** The offer was refused: all is as it was before (RFC 3264 §8). */
  rejected(): void {
    if (this.#offer !== undefined) this.#settle();
  }

  /** Harmless when repeated. undefined: nothing was relayed. */
  end(): MediaSummary | undefined {
    const session = this.#session;
    if (session === undefined || this.#reason === undefined) return undefined;
    session.close();
    const summary = { reason: this.#reason, streams: this.#summaries() };
    this.#session = undefined;
    for (const ports of this.#ports) giveStreamPorts(this.#services.ports, ports);
    this.#ports = [];
    this.#services.ended(this, packetsOf(summary) === 0);
    return summary;
  }

  summary(): MediaSummary | undefined {
    if (this.#session === undefined || this.#reason === undefined) return undefined;
    return { reason: this.#reason, streams: this.#summaries() };
  }

  /** For whoever goes on with it if this member dies; undefined: it is not relayed, or not up yet. */
  copy(): CallCopy | undefined {
    const [reason, faces] = [this.#reason, this.#faces];
    if (this.#session === undefined || !this.#isUp || reason === undefined || faces === undefined) return undefined;
    return {
      reason,
      facts: this.#facts,
      faces,
      ports: [...this.#ports],
      names: [...this.#names],
      media: { ...this.#media },
      newer: this.#newer,
    };
  }

  idle(): void {
    if (!this.#isUp) return;
    this.#services.tally.silent++;
    const summary = this.end();
    if (summary !== undefined) this.#listener.silent(summary);
  }

  failed(reason: string): void {
    this.#services.logger.warn({ why: reason }, 'the media of a call are not relayed any more');
    this.#services.tally.failed++;
  }

  #restore({ reason, faces, ports, names, media, newer }: CallCopy): RelayRefusal | undefined {
    this.#isDecided = true;
    this.#isUp = true;
    this.#reason = reason;
    this.#faces = faces;
    this.#ports = [...ports];
    this.#names.push(...names);
    this.#media = media;
    this.#newer = newer;
    const session = this.#services.relay.open(this.#plan(media), this);
    if (session.kind === 'refused') {
      for (const pair of ports) giveStreamPorts(this.#services.ports, pair);
      return session;
    }
    this.#session = session;
    this.#services.began(this);
    return undefined;
  }

  #full(reason: string): Described {
    const { tally, logger } = this.#services;
    tally.full++;
    // One line for 1, 2, 4, 8, … of them: there are many when there is one.
    if ((tally.full & (tally.full - 1)) === 0) {
      logger.warn({ why: reason, calls: tally.full }, 'the media of a call should be relayed, and are not');
    }
    return { kind: 'full', reason };
  }

  /** False: it is not relayed. */
  #decide(from: RelaySide, sdp: SessionDescription): boolean {
    const { faces, settings } = this.#services;
    this.#isDecided = true;
    if (this.#isHereAlready(sdp)) return false;
    const reason = relayReason(from, sdp, this.#facts, settings.relay, faces);
    if (reason === undefined) return false;
    this.#reason = reason;
    return true;
  }

  /** A call that passes this server twice is relayed once. */
  #isHereAlready(sdp: SessionDescription): boolean {
    const { faces, ports } = this.#services;
    return sdp.streams.some((stream) => {
      const address = isRelayable(stream) ? mediaAddressOf(stream) : undefined;
      return address !== undefined && ports.isTaken(address.port) && faces.isTold(address.address);
    });
  }

  /** Ports for each stream of an offer that has none yet. What is missing, for people; undefined: nothing. */
  #prepare(from: RelaySide, media: SideMedia, sdp: SessionDescription): string | undefined {
    const { ports: pool } = this.#services;
    this.#faces ??= this.#facesOf(from, sdp);
    if (this.#faces === undefined) return 'this server has no address of the family that a side needs';
    const before = [...this.#ports];
    for (const [index, stream] of media.streams.entries()) {
      this.#names[index] = stream?.media ?? this.#names[index] ?? '';
      if (stream !== undefined) this.#ports[index] ??= takeStreamPorts(pool);
    }
    const isShort = media.streams.some((stream, index) => stream !== undefined && this.#ports[index] === undefined);
    const isNew = this.#session === undefined || this.#ports.some((ports, index) => before[index] !== ports);
    // The first offer is all that is known; a later one counts when it has been answered.
    if (this.#media[from] === undefined) this.#media[from] = media;
    const refusal = isShort ? 'no media port is free' : isNew ? this.#open(media, from) : undefined;
    if (refusal === undefined) return undefined;
    this.#giveBack(before);
    return refusal;
  }

  #giveBack(before: readonly (StreamPorts | undefined)[]): void {
    for (const [index, ports] of this.#ports.entries()) {
      if (before[index] === undefined) giveStreamPorts(this.#services.ports, ports);
    }
    this.#ports = [...before];
    if (this.#session !== undefined) return;
    this.#reason = undefined;
  }

  #facesOf(from: RelaySide, sdp: SessionDescription): Sides<LocalFace> | undefined {
    const { faces } = this.#services;
    const { a, b } = this.#facts;
    const faceA = faces.towards(placeOf(a, from === 'a' ? sdp : undefined, faces));
    const faceB = faces.towards(placeOf(b, from === 'b' ? sdp : undefined, faces));
    return faceA === undefined || faceB === undefined ? undefined : { a: faceA, b: faceB };
  }

  /** Opens the session, or adds the streams that are new. */
  #open(offered: SideMedia, from: RelaySide): string | undefined {
    const { relay, ports } = this.#services;
    const media = { ...this.#media, [from]: this.#media[from] ?? offered };
    const session = this.#session;
    const result = withFreePorts(ports, this.#ports, (): RelaySession | RelayRefusal =>
      session === undefined
        ? relay.open(this.#plan(media), this)
        : (session.update(this.#plan(withAdded(media, from, offered))) ?? session),
    );
    if (result.kind === 'refused') return result.reason;
    if (session === undefined) {
      this.#session = result;
      this.#services.began(this);
    }
    return undefined;
  }

  #settle(): void {
    this.#offer = undefined;
    this.#endStreams();
    this.#update();
  }

  #update(): void {
    const refusal = this.#session?.update(this.#plan(this.#media));
    if (refusal !== undefined) this.failed(refusal.reason);
  }

  #plan(media: Sides<SideMedia | undefined>): RelayPlan {
    const { settings } = this.#services;
    const timeoutMs = this.#isUp ? silenceMs(media, settings) : Infinity;
    return relayPlan({ ports: this.#ports, faces: this.#faces!, facts: this.#facts, media, timeoutMs });
  }

  /** Streams that one side has refused, or put into another one: their ports are free again. */
  #endStreams(): void {
    const { a, b } = this.#media;
    if (a === undefined || b === undefined) return;
    for (const [index, ports] of this.#ports.entries()) {
      if (ports === undefined || (a.streams[index] !== undefined && b.streams[index] !== undefined)) continue;
      giveStreamPorts(this.#services.ports, ports);
      this.#ports[index] = undefined;
    }
  }

  /** The description of `from`, as the other side shall see it. */
  #described(from: RelaySide, sdp: SessionDescription, { carriers }: SideMedia): Described {
    const side = otherSide(from);
    const face = this.#faces?.[side];
    if (face === undefined) return unchanged;
    const offered = this.#offer?.media.carriers ?? [];
    const places = sdp.streams.map((stream, index): StreamPlace | undefined => {
      if (!isRelayable(stream)) return undefined;
      const carrier = carriers[index] ?? index;
      const ports = this.#ports[carrier] ?? this.#ports[offered[carrier] ?? carrier];
      return ports === undefined ? undefined : { address: face.told, port: ports[side] };
    });
    return { kind: 'relayed', body: rewriteSdp(sdp, places, this.#newer) };
  }

  /** One that was offered, refused and never used says nothing. */
  #summaries(): StreamSummary[] {
    const counters = this.#session?.counters() ?? [];
    return counters.flatMap((one, index) =>
      one === undefined || (this.#ports[index] === undefined && one.a.packets + one.b.packets === 0)
        ? []
        : [{ media: this.#names[index] ?? '', ...one }],
    );
  }
}
