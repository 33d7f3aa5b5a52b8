/** What a name server said. */
export interface DnsAnswer<R> {
  /** Empty: there is none of this kind, or no such name. */
  readonly records: readonly R[];
  /** How long it may be believed; undefined where the runtime does not tell. */
  readonly ttlSeconds: number | undefined;
}

/** RFC 2782 */
export interface ServiceRecord {
  /** The host; empty = the service is decidedly not there. */
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** RFC 3403 */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

/** Name servers. A failure to get any answer is an `IoError`: UNKNOWN_HOST, TIMEOUT, REFUSED. */
export interface Dns {
  addresses(name: string, family: 4 | 6): Promise<DnsAnswer<string>>;
  services(name: string): Promise<DnsAnswer<ServiceRecord>>;
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
}

export interface DnsOptions {
  /** `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`; empty = those of this machine, and its hosts file for addresses. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}
