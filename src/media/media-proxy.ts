import type { Logger } from '#base';
import type { Clock } from '#io';
import type { CallCopy } from './call-copy.ts';
import { isDirectOffer } from './direct-offer.ts';
import { LocalFaces, type MachineAddresses } from './local-faces.ts';
import { MediaCall, type MediaCallListener } from './media-call.ts';
import type { MediaServices, RunningCall } from './media-services.ts';
import type { PortFigures, PortPool } from './port-pool.ts';
import type { MediaRelay, RelayFigures, RelayRefusal } from './relay/relay.ts';
import { relayReasons, type CallFacts, type RelayReason } from './relay-rules.ts';
import { RestoredPorts } from './restored-ports.ts';
import type { MediaConfig, MediaFace } from './settings.ts';

export interface MediaProxyParts {
  readonly relay: MediaRelay;
  readonly ports: PortPool;
  readonly machine: MachineAddresses;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export interface MediaFigures {
  /** Calls whose media are relayed now. */
  readonly calls: number;
  /** Since the start, by the reason. */
  readonly relayed: Readonly<Record<RelayReason, number>>;
  /** Should have been relayed, and were not: no port, no address. */
  readonly full: number;
  /** Ended since nothing came from either side. */
  readonly silent: number;
  /** Sessions that broke. */
  readonly failed: number;
  /** Calls of members that had died; among `relayed`, too. */
  readonly takenOver: number;
  /** Ended without a single packet: never answered, or nobody could be heard. */
  readonly withoutPackets: number;
  readonly ports: PortFigures;
  readonly relay: RelayFigures;
  /** How packets are forwarded, for people. */
  readonly means: string;
  /** What parties outside are told; empty: the own addresses. */
  readonly wanAddress: string;
}

/** Says which calls' media go through this server, and takes them there. */
export class MediaProxy {
  readonly #parts: MediaProxyParts;
  readonly #faces: LocalFaces;
  readonly #services: MediaServices;
  readonly #calls = new Set<RunningCall>();
  readonly #relayed: Record<RelayReason, number>;
  readonly #tally = { full: 0, silent: 0, failed: 0 };
  #withoutPackets = 0;
  #takenOver = 0;

  constructor(parts: MediaProxyParts, settings: MediaConfig, face: MediaFace) {
    this.#parts = parts;
    this.#faces = new LocalFaces(parts.machine, settings.addresses, face);
    this.#relayed = Object.fromEntries(relayReasons.map((reason) => [reason, 0])) as Record<RelayReason, number>;
    this.#services = {
      relay: parts.relay,
      ports: parts.ports,
      logger: parts.logger,
      clock: parts.clock,
      faces: this.#faces,
      settings,
      tally: this.#tally,
      began: (call) => this.#began(call),
      ended: (call, isEmpty) => this.#ended(call, isEmpty),
    };
  }

  /** A call that begins, or one that was not known here. It costs nothing until its first offer needs the relay. */
  call(facts: CallFacts, listener: MediaCallListener): MediaCall {
    return new MediaCall(this.#services, facts, listener);
  }

  /** Goes on with a call that is up, as another member had it. Refused: not here, or not yet. */
  restore(copy: CallCopy, listener: MediaCallListener): MediaCall | RelayRefusal {
    const ports = new RestoredPorts(this.#parts.ports, copy.ports);
    const call = MediaCall.restored({ ...this.#services, ports }, copy, listener);
    if (call.kind === 'call') this.#takenOver++;
    return call;
  }

  /**
   * The offer that begins a call passes as it came, and so will its answers: no `call` need be made for it. False: only that
   * can say. `offer`: the description as Latin-1.
   */
  passes(facts: CallFacts, offer: string): boolean {
    const { settings } = this.#services;
    // Media that come to a port of this server may be relayed here already.
    const isOwn = this.#faces.isTold(facts.a.address);
    return !isOwn && isDirectOffer(offer, facts, settings.relay, this.#faces);
  }

  /** From the next call on. */
  setFace(face: MediaFace): void {
    this.#faces.set(face);
  }

  /** Calls whose media are relayed now. */
  get callCount(): number {
    return this.#calls.size;
  }

  figures(): MediaFigures {
    const { relay, ports } = this.#parts;
    return {
      calls: this.#calls.size,
      relayed: { ...this.#relayed },
      ...this.#tally,
      takenOver: this.#takenOver,
      withoutPackets: this.#withoutPackets,
      ports: ports.figures,
      relay: relay.figures(),
      means: relay.means,
      wanAddress: this.#faces.wanAddress,
    };
  }

  /** Ends all. */
  stop(): void {
    for (const call of [...this.#calls]) call.end();
  }

  #began(call: RunningCall): void {
    this.#calls.add(call);
    if (call.reason !== undefined) this.#relayed[call.reason]++;
  }

  #ended(call: RunningCall, isEmpty: boolean): void {
    this.#calls.delete(call);
    if (isEmpty) this.#withoutPackets++;
  }
}
