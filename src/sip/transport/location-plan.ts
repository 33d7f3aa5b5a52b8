import { isIpAddress } from '#base';
import type { NaptrRecord, Random, ServiceRecord } from '#io';
import type { SipUri } from '../message/sip-uri.ts';
import type { DnsQuestion } from './dns-cache.ts';
import { orderServices } from './service-order.ts';
import type { Target } from './target.ts';
import { defaultPort, isSecure, parseTransport, type TransportName } from './transport-name.ts';

/** What is known of DNS at the moment. undefined = nobody has asked. */
export interface KnownRecords {
  get(kind: 'naptr', name: string): readonly NaptrRecord[] | undefined;
  get(kind: 'srv', name: string): readonly ServiceRecord[] | undefined;
  get(kind: 'a' | 'aaaa', name: string): readonly string[] | undefined;
  /** Nobody has answered when that was asked for. */
  hasFailed(kind: DnsQuestion['kind'], name: string): boolean;
}

export interface LocationQuery {
  readonly uri: SipUri;
  /** To use when neither the URI nor DNS says one. */
  readonly hint: TransportName | undefined;
  /** Those that this server can send by; WebSocket is not opened to anybody. */
  readonly transports: readonly TransportName[];
  /** Address families that this machine has. */
  readonly families: readonly (4 | 6)[];
  readonly random: Random;
}

/** Either where to go, or what must be asked first. */
export interface LocationPlan {
  readonly targets: readonly Target[];
  readonly missing: readonly DnsQuestion[];
  /** Of what was asked for, something was not answered: there may be other targets. */
  readonly isUncertain: boolean;
}

/** Targets of one name: more would take longer than any caller waits. */
const maxTargets = 32;

/** RFC 3263 §4.3, RFC 7118 §5.2: NAPTR services that we know. */
const naptrServices: Readonly<Record<string, TransportName>> = {
  'SIP+D2U': 'udp',
  'SIP+D2T': 'tcp',
  'SIPS+D2T': 'tls',
  'SIP+D2W': 'ws',
  'SIPS+D2W': 'wss',
};

const servicePrefix: Readonly<Record<TransportName, string>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
  ws: '_sip._ws.',
  wss: '_sips._ws.',
};

/** RFC 3263 §4 as a function of what is known: called again when what was missing has been asked. */
export function planLocation(known: KnownRecords, query: LocationQuery): LocationPlan {
  return new Planner(known, query).plan();
}

class Planner {
  readonly #known: KnownRecords;
  readonly #query: LocationQuery;
  readonly #missing: DnsQuestion[] = [];
  #isUncertain = false;

  constructor(known: KnownRecords, query: LocationQuery) {
    this.#known = known;
    this.#query = query;
  }

  plan(): LocationPlan {
    const targets = this.#find();
    return this.#missing.length > 0
      ? { targets: [], missing: this.#missing, isUncertain: false }
      : { targets: unique(targets), missing: [], isUncertain: this.#isUncertain };
  }

  #find(): readonly Target[] {
    const { uri } = this.#query;
    const host = (uri.param('maddr') ?? uri.host).toLowerCase().replace(/^\[|\]$/g, '');
    if (host === '') return [];
    const named = this.#namedTransport();
    if (named === 'unknown') return [];
    const isAddress = isIpAddress(host);
    if (isAddress || uri.port !== undefined) {
      const transport = named ?? this.#usualTransport();
      const port = uri.port ?? defaultPort[transport];
      return isAddress ? [{ transport, address: host, port }] : this.#hosts(host, port, transport);
    }
    return named === undefined ? this.#byDns(host) : this.#service(host, named);
  }

  /** What the URI says, made secure for `sips` (RFC 3261 §26.2.2). */
  #namedTransport(): TransportName | undefined | 'unknown' {
    const { uri, transports } = this.#query;
    const text = uri.param('transport');
    if (text === undefined) return undefined;
    const named = parseTransport(text);
    if (named === undefined) return 'unknown';
    const transport = uri.scheme === 'sips' ? secured(named) : named;
    return transport !== undefined && transports.includes(transport) ? transport : 'unknown';
  }

  #usualTransport(): TransportName {
    const { uri, hint, transports } = this.#query;
    const usual = uri.scheme === 'sips' ? 'tls' : (hint ?? 'udp');
    return transports.includes(usual) ? usual : (transports[0] ?? usual);
  }

  /** No port, no transport: NAPTR, else SRV of each transport that we have, else the name itself. */
  #byDns(host: string): readonly Target[] {
    const naptr = this.#naptr(host);
    if (naptr === undefined) return [];
    const services = naptr.flatMap((record) => this.#serviceOf(record));
    if (services.length > 0) {
      const found = services.map(([transport, name]) => this.#srv(name, transport, host));
      if (this.#missing.length > 0 || found.some((targets) => targets !== undefined)) {
        return found.flatMap((targets) => targets ?? []);
      }
    }
    const found = this.#preferred().map((transport) => this.#srv(servicePrefix[transport] + host, transport, host));
    if (this.#missing.length > 0) return [];
    if (found.some((targets) => targets !== undefined)) return found.flatMap((targets) => targets ?? []);
    const transport = this.#usualTransport();
    return this.#hosts(host, defaultPort[transport], transport);
  }

  #serviceOf({ flags, service, replacement }: NaptrRecord): readonly (readonly [TransportName, string])[] {
    const transport = naptrServices[service.toUpperCase()];
    if (transport === undefined || flags.toLowerCase() !== 's') return [];
    const isUsable = this.#preferred().includes(transport);
    return isUsable ? [[transport, replacement.toLowerCase()]] : [];
  }

  /** Transports for this URI, ours to choose from; the hint first. */
  #preferred(): readonly TransportName[] {
    const { uri, transports } = this.#query;
    const usable = transports.filter((one) => uri.scheme !== 'sips' || isSecure(one));
    const usual = this.#usualTransport();
    return [usual, ...usable.filter((one) => one !== usual)].filter((one) => usable.includes(one));
  }

  #service(host: string, transport: TransportName): readonly Target[] {
    const targets = this.#srv(servicePrefix[transport] + host, transport, host);
    if (targets !== undefined || this.#missing.length > 0) return targets ?? [];
    return this.#hosts(host, defaultPort[transport], transport);
  }

  #note(kind: DnsQuestion['kind'], name: string): void {
    this.#isUncertain ||= this.#known.hasFailed(kind, name);
  }

  #naptr(name: string): readonly NaptrRecord[] | undefined {
    const records = this.#known.get('naptr', name);
    if (records === undefined) this.#missing.push({ kind: 'naptr', name });
    this.#note('naptr', name);
    return records && [...records].sort((a, b) => a.order - b.order || a.preference - b.preference);
  }

  /** undefined = there are no such records. */
  #srv(name: string, transport: TransportName, domain: string): readonly Target[] | undefined {
    const records = this.#known.get('srv', name);
    if (records === undefined) this.#missing.push({ kind: 'srv', name });
    this.#note('srv', name);
    if (records === undefined || records.length === 0) return undefined;
    return orderServices(records, this.#query.random).flatMap(({ target, port }) =>
      // RFC 2782: "." = decidedly not available
      target === '' || target === '.' ? [] : this.#hosts(target.toLowerCase(), port, transport, domain),
    );
  }

  /** RFC 5922 §7.2: the certificate must name the domain that was asked for, not the host that DNS gave. */
  #hosts(host: string, port: number, transport: TransportName, domain = host): readonly Target[] {
    const tls = isSecure(transport) ? { tlsName: domain } : {};
    return this.#query.families.flatMap((family) => {
      const kind = family === 4 ? 'a' : 'aaaa';
      const addresses = this.#known.get(kind, host);
      if (addresses === undefined) this.#missing.push({ kind, name: host });
      this.#note(kind, host);
      return (addresses ?? []).map((address) => ({ transport, address, port, ...tls }));
    });
  }
}

function secured(transport: TransportName): TransportName | undefined {
  if (transport === 'tcp' || transport === 'tls') return 'tls';
  return transport === 'ws' || transport === 'wss' ? 'wss' : undefined;
}

function unique(targets: readonly Target[]): readonly Target[] {
  const seen = new Set<string>();
  const found = targets.filter(({ transport, address, port }) => {
    const key = `${transport} ${address} ${port}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
  return found.slice(0, maxTargets);
}
