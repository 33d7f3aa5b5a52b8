import { IoError, type Dns, type DnsAnswer, type NaptrRecord, type ServiceRecord } from '#io';

/** A name server in memory; it counts what it is asked. */
export class NameServer implements Dns {
  readonly asked: string[] = [];
  readonly #records = new Map<string, unknown[]>();
  isDown = false;
  ttlSeconds: number | undefined = 60;

  a(name: string, ...addresses: string[]): this {
    return this.#add('4', name, addresses);
  }

  aaaa(name: string, ...addresses: string[]): this {
    return this.#add('6', name, addresses);
  }

  srv(name: string, priority: number, target: string, port = 5060): this {
    return this.#add('srv', name, [{ target, port, priority, weight: 0 }]);
  }

  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
  naptr(name: string, order: number, service: string, replacement: string): this;
  naptr(name: string, order?: number, service = '', replacement = ''): this | Promise<DnsAnswer<NaptrRecord>> {
    if (order === undefined) return this.#answer('naptr', name);
    return this.#add('naptr', name, [{ order, preference: 0, flags: 's', service, regexp: '', replacement }]);
  }

  addresses(name: string, family: 4 | 6): Promise<DnsAnswer<string>> {
    return this.#answer(String(family), name);
  }

  services(name: string): Promise<DnsAnswer<ServiceRecord>> {
    return this.#answer('srv', name);
  }

  #add(kind: string, name: string, records: readonly unknown[]): this {
    const key = `${kind} ${name}`;
    this.#records.set(key, [...(this.#records.get(key) ?? []), ...records]);
    return this;
  }

  #answer<R>(kind: string, name: string): Promise<DnsAnswer<R>> {
    this.asked.push(`${kind} ${name}`);
    if (this.isDown) return Promise.reject(new IoError('TIMEOUT', 'no answer'));
    const records = (this.#records.get(`${kind} ${name}`) ?? []) as R[];
    return Promise.resolve({ records, ttlSeconds: this.ttlSeconds });
  }
}
