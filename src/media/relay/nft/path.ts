import type { KernelChannel, KernelCount, KernelPath } from '../kernel-relay.ts';
import type { ElementCount } from './map-listing.ts';
import { endKey, flowKey } from './ruleset.ts';

/** IPv4 or IPv6 header without options, and UDP header: what the kernel counts beside the payload. */
const HEADER_BYTES = { 4: 28, 6: 48 } as const;
/** So many new flows between two looks, of at least every second packet, are none: something behind us drops them. */
const STARTS_MAX = 5;

const nothing: ElementCount = { packets: 0, bytes: 0 };

class EndCount implements KernelCount {
  packets = 0;
  octets = 0;
  lastHeardMs: number;
  quietSinceMs: number | undefined;
  #readAtMs: number;
  #checkedPackets = 0;
  #checkedStarts = 0;

  constructor(nowMs: number) {
    this.lastHeardMs = nowMs;
    this.#readAtMs = nowMs;
  }

  take(passed: ElementCount, headerBytes: number, nowMs: number): void {
    if (passed.packets > this.packets) {
      this.lastHeardMs = nowMs;
      this.quietSinceMs = undefined;
    } else this.quietSinceMs ??= this.#readAtMs;
    this.#readAtMs = nowMs;
    this.packets = passed.packets;
    this.octets = Math.max(0, passed.bytes - passed.packets * headerBytes);
  }

  /** False: since the last check about each packet has begun a flow anew. */
  check(starts: number): boolean {
    const more = this.packets - this.#checkedPackets;
    const moreStarts = starts - this.#checkedStarts;
    this.#checkedPackets = this.packets;
    this.#checkedStarts = starts;
    return moreStarts < STARTS_MAX || moreStarts * 2 < more;
  }
}

/** A channel in the table, or on its way there. */
export class NftPath implements KernelPath {
  readonly channel: KernelChannel;
  readonly zone: number;
  readonly family: 4 | 6;
  readonly a: EndCount;
  readonly b: EndCount;
  isInstalled = false;
  /** It is not to be there any more; until the kernel has been told, it is. */
  isRemoved = false;
  readonly #ended: (path: KernelPath) => void;
  readonly #remove: (path: NftPath) => void;
  readonly #keys: readonly [passed: string, starts: string, passed: string, starts: string];

  constructor(
    channel: KernelChannel,
    place: { readonly zone: number; readonly family: 4 | 6; readonly nowMs: number },
    then: { readonly ended: (path: KernelPath) => void; readonly remove: (path: NftPath) => void },
  ) {
    const { zone, family, nowMs } = place;
    this.channel = channel;
    this.zone = zone;
    this.family = family;
    this.a = new EndCount(nowMs);
    this.b = new EndCount(nowMs);
    this.#ended = then.ended;
    this.#remove = then.remove;
    const { a, b } = channel;
    this.#keys = [endKey(a), flowKey(zone, a), endKey(b), flowKey(zone, b)];
  }

  remove(): void {
    if (this.isRemoved) return;
    this.isRemoved = true;
    this.#remove(this);
  }

  /** The kernel did not take it, or has lost it. */
  end(): void {
    if (this.isRemoved) return;
    this.isRemoved = true;
    this.#ended(this);
  }

  take(passed: ReadonlyMap<string, ElementCount>, nowMs: number): void {
    const [a, , b] = this.#keys;
    this.takeBoth(passed.get(a) ?? nothing, passed.get(b) ?? nothing, nowMs);
  }

  takeBoth(a: ElementCount, b: ElementCount, nowMs: number): void {
    const header = HEADER_BYTES[this.family];
    this.a.take(a, header, nowMs);
    this.b.take(b, header, nowMs);
  }

  /** After `take`. False: the kernel takes its packets, and they get no further. */
  check(starts: ReadonlyMap<string, ElementCount>): boolean {
    const [, a, , b] = this.#keys;
    const isAGood = this.a.check(starts.get(a)?.packets ?? 0);
    return this.b.check(starts.get(b)?.packets ?? 0) && isAGood;
  }

  /** Enough has been forwarded that `check` would have seen if it got no further. */
  get hasPassed(): boolean {
    return this.a.packets + this.b.packets > 2 * STARTS_MAX;
  }
}
