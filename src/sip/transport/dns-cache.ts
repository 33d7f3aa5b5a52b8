import { forgetOldest } from '#base';
import type { Clock, Dns, DnsAnswer, NaptrRecord, ServiceRecord } from '#io';

export const dnsLimits = {
  /** Answers that are kept. Beyond it the oldest is forgotten. */
  maxEntries: 20_000,
  /** Questions that are under way. Beyond it a name has no answer for the moment. */
  maxQueries: 512,
  maxTtlMs: 3_600_000,
  minTtlMs: 1_000,
  /** Of SRV and NAPTR records, whose time the runtime does not tell. */
  unknownTtlMs: 60_000,
  /** RFC 2308: that there is nothing. */
  negativeTtlMs: 30_000,
  /** That no name server answers; what is known from earlier goes on to be used. */
  failureTtlMs: 5_000,
} as const;

/** One question to a name server. */
export type DnsQuestion =
  | { readonly kind: 'naptr'; readonly name: string }
  | { readonly kind: 'srv'; readonly name: string }
  | { readonly kind: 'a' | 'aaaa'; readonly name: string };

interface Records {
  readonly naptr: NaptrRecord;
  readonly srv: ServiceRecord;
  readonly a: string;
  readonly aaaa: string;
}

interface Entry {
  readonly records: readonly unknown[];
  /** No name server has answered; `records` are those of before, if any. */
  readonly hasFailed: boolean;
  readonly untilMs: number;
}

/** Answers of name servers, for as long as they hold. */
export class DnsCache {
  readonly #dns: Dns;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(dns: Dns, clock: Clock) {
    this.#dns = dns;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** undefined = not known; `ask` may find out. */
  get<K extends DnsQuestion['kind']>(kind: K, name: string): readonly Records[K][] | undefined {
    const entry = this.#entries.get(`${kind} ${name}`);
    if (entry === undefined || entry.untilMs < this.#clock.nowMs()) return undefined;
    return entry.records as readonly Records[K][];
  }

  /** What `get` gives is not what a name server has answered to the latest question. */
  hasFailed(kind: DnsQuestion['kind'], name: string): boolean {
    return this.#entries.get(`${kind} ${name}`)?.hasFailed === true;
  }

  /** Never fails: afterwards `get` has an answer, for a moment at least, unless too many questions are under way. */
  ask(question: DnsQuestion): Promise<void> {
    const key = `${question.kind} ${question.name}`;
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    if (this.#asking.size >= dnsLimits.maxQueries) {
      this.#keep(key, [], dnsLimits.minTtlMs, true);
      return Promise.resolve();
    }
    const answered = this.#query(question, key).finally(() => this.#asking.delete(key));
    this.#asking.set(key, answered);
    return answered;
  }

  async #query(question: DnsQuestion, key: string): Promise<void> {
    try {
      const { records, ttlSeconds } = await this.#answer(question);
      this.#keep(key, records, records.length === 0 ? dnsLimits.negativeTtlMs : ttlOf(ttlSeconds));
    } catch {
      this.#keep(key, this.#entries.get(key)?.records ?? [], dnsLimits.failureTtlMs, true);
    }
  }

  #answer({ kind, name }: DnsQuestion): Promise<DnsAnswer<unknown>> {
    switch (kind) {
      case 'naptr':
        return this.#dns.naptr(name);
      case 'srv':
        return this.#dns.services(name);
      case 'a':
        return this.#dns.addresses(name, 4);
      case 'aaaa':
        return this.#dns.addresses(name, 6);
    }
  }

  #keep(key: string, records: readonly unknown[], ttlMs: number, hasFailed = false): void {
    this.#entries.delete(key);
    this.#entries.set(key, { records, hasFailed, untilMs: this.#clock.nowMs() + ttlMs });
    if (this.#entries.size > dnsLimits.maxEntries) forgetOldest(this.#entries);
  }
}

function ttlOf(seconds: number | undefined): number {
  if (seconds === undefined) return dnsLimits.unknownTtlMs;
  return Math.min(Math.max(seconds * 1000, dnsLimits.minTtlMs), dnsLimits.maxTtlMs);
}
