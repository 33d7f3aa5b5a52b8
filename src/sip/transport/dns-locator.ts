import { forgetOldest } from '#base';
import { isIpAddress } from '#base';
import type { Clock, Dns, Random } from '#io';
import type { SipUri } from '../message/sip-uri.ts';
import { DnsCache } from './dns-cache.ts';
import { planLocation, type LocationPlan } from './location-plan.ts';
import { notKnownNow, type ServerLocator } from './server-locator.ts';
import type { Target } from './target.ts';
import { defaultPort, type TransportName } from './transport-name.ts';

/** NAPTR, SRV, addresses: three rounds; one more for each alias that came between. */
const maxRounds = 8;
/** RFC 3263 §4.3 leaves it to us: as long as a request takes to fail. */
const avoidMs = 32_000;
/** Targets that did not answer. Beyond it the oldest is forgotten. */
const maxAvoided = 10_000;

export interface DnsLocatorServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly dns: Dns;
}

export interface DnsLocatorSettings {
  /** Those that this server can send by, best first. */
  readonly transports: readonly TransportName[];
  /** Address families that this machine has, best first. */
  readonly families: () => readonly (4 | 6)[];
}

/** RFC 3263 over name servers, with their answers kept. */
export class DnsServerLocator implements ServerLocator {
  readonly #services: DnsLocatorServices;
  readonly #settings: DnsLocatorSettings;
  readonly #cache: DnsCache;
  /** Until when each is tried last. */
  readonly #avoided = new Map<string, number>();

  constructor(services: DnsLocatorServices, settings: DnsLocatorSettings) {
    this.#services = services;
    this.#settings = settings;
    this.#cache = new DnsCache(services.dns, services.clock);
  }

  async locate(uri: SipUri, hint?: TransportName, signal?: AbortSignal): Promise<readonly Target[]> {
    for (let round = 0; round < maxRounds && signal?.aborted !== true; round++) {
      const plan = this.#plan(uri, hint);
      if (plan.missing.length === 0) return this.#targetsOf(plan);
      const { missing } = plan;
      await Promise.all(missing.map((question) => this.#cache.ask(question)));
    }
    return notKnownNow;
  }

  locateNow(uri: SipUri, hint?: TransportName): readonly Target[] | undefined {
    const plain = this.#plainAddress(uri, hint ?? 'udp');
    if (plain !== undefined) return [plain];
    const plan = this.#plan(uri, hint);
    return plan.missing.length === 0 ? this.#targetsOf(plan) : undefined;
  }

  /** What most telephones register: `sip:user@192.0.2.1:5060`, perhaps with the usual transport. It needs no plan. */
  #plainAddress({ scheme, host, port, paramsText }: SipUri, hint: TransportName): Target | undefined {
    if (scheme !== 'sip' || !isIpAddress(host)) return undefined;
    const transport = paramsText === '' ? hint : isUdpAlone(paramsText) ? 'udp' : undefined;
    if (transport === undefined) return undefined;
    if (!this.#settings.transports.includes(transport)) return undefined;
    return { transport, address: host, port: port ?? defaultPort[transport] };
  }

  failed(target: Target): void {
    const key = keyOf(target);
    this.#avoided.delete(key);
    this.#avoided.set(key, this.#services.clock.nowMs() + avoidMs);
    if (this.#avoided.size > maxAvoided) forgetOldest(this.#avoided);
  }

  #plan(uri: SipUri, hint: TransportName | undefined): LocationPlan {
    const { transports, families } = this.#settings;
    return planLocation(this.#cache, { uri, hint, transports, families: families(), random: this.#services.random });
  }

  #targetsOf({ targets, isUncertain }: LocationPlan): readonly Target[] {
    return targets.length === 0 && isUncertain ? notKnownNow : this.#inOrder(targets);
  }

  /** Those that failed a moment ago last. */
  #inOrder(targets: readonly Target[]): readonly Target[] {
    if (this.#avoided.size === 0 || targets.length < 2) return targets;
    const nowMs = this.#services.clock.nowMs();
    const isAvoided = (target: Target): boolean => (this.#avoided.get(keyOf(target)) ?? 0) > nowMs;
    return [...targets.filter((one) => !isAvoided(one)), ...targets.filter(isAvoided)];
  }
}

const udpAlone = ';transport=udp';

function isUdpAlone(paramsText: string): boolean {
  return paramsText.length === udpAlone.length && paramsText.toLowerCase() === udpAlone;
}

const keyOf = ({ transport, address, port }: Target): string => `${transport} ${address} ${port}`;
