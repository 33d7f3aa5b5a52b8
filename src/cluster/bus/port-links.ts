import type { ThreadPort } from '#io';
import { parseMemberId, type MemberId } from '../member-id.ts';
import type { Carrier, CarrierTaker, LinkMaker } from './carrier.ts';
import type { BusPeer } from './peer-source.ts';
import { PortCarrier } from './port-carrier.ts';

/**
 * Links between threads of one process. Nobody dials: who started the threads gives the two ends of a channel to each pair of
 * them, and again when one of them was started anew.
 */
export class PortLinks implements LinkMaker {
  readonly dial = undefined;
  readonly #self: MemberId;
  readonly #early: [Carrier, BusPeer | undefined][] = [];
  #accept: CarrierTaker | undefined;

  constructor(self: MemberId) {
    this.#self = self;
  }

  /** `port` leads to `peer`: whoever made the channel knows. May be called before the bus is started. */
  add(peer: MemberId, port: ThreadPort): void {
    const carrier = new PortCarrier(peer, port);
    // One of the two has to speak first.
    const dialled = this.#self < peer ? { member: peer, boot: '', busAddress: '' } : undefined;
    if (this.#accept === undefined) this.#early.push([carrier, dialled]);
    else this.#accept(carrier, dialled);
  }

  start(accept: CarrierTaker): Promise<void> {
    this.#accept = accept;
    for (const early of this.#early.splice(0)) accept(...early);
    return Promise.resolve();
  }

  /** Also before its channel has come. */
  reaches({ member }: BusPeer): boolean {
    return parseMemberId(member)?.server === parseMemberId(this.#self)?.server;
  }

  stop(): Promise<void> {
    this.#accept = undefined;
    for (const [carrier] of this.#early.splice(0)) carrier.destroy();
    return Promise.resolve();
  }
}
