import { lookup, Resolver } from 'node:dns/promises';
import type { Dns, DnsAnswer, DnsOptions } from '../dns.ts';
import { errnoOf, resolveError } from './errno.ts';

/** Each name server is asked once more. */
const TRIES = 2;
/** The name server answered: there is no such thing. */
const nothing = ['ENODATA', 'ENOTFOUND'];
/** Of the hosts file; how long nobody says. */
const HOSTS_TTL_S = 10;

export function createNodeDns({ servers, timeoutMs }: DnsOptions): Dns {
  const resolver = new Resolver({ timeout: timeoutMs, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);

  async function ask<R>(name: string, query: () => Promise<DnsAnswer<R>>): Promise<DnsAnswer<R>> {
    try {
      return await query();
    } catch (cause) {
      if (nothing.includes(errnoOf(cause))) return { records: [], ttlSeconds: undefined };
      throw resolveError(name, cause);
    }
  }

  async function addresses(name: string, family: 4 | 6): Promise<DnsAnswer<string>> {
    const found =
      family === 4 ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true });
    const ttlSeconds = Math.min(...found.map(({ ttl }) => ttl));
    return { records: found.map(({ address }) => address), ttlSeconds };
  }

  return {
    async addresses(name, family) {
      try {
        const answer = await ask(name, () => addresses(name, family));
        if (answer.records.length > 0 || servers.length > 0) return answer;
        return await ofHostsFile(name, family);
      } catch (error) {
        if (servers.length > 0) throw error;
        const answer = await ofHostsFile(name, family);
        if (answer.records.length === 0) throw error;
        return answer;
      }
    },
    services: (name) =>
      ask(name, async () => {
        const found = await resolver.resolveSrv(name);
        const records = found.map(({ name: target, port, priority, weight }) => ({ target, port, priority, weight }));
        return { records, ttlSeconds: undefined };
      }),
    naptr: (name) => ask(name, async () => ({ records: await resolver.resolveNaptr(name), ttlSeconds: undefined })),
  };
}

/** What the system's own resolver finds beside name servers. */
async function ofHostsFile(name: string, family: 4 | 6): Promise<DnsAnswer<string>> {
  try {
    const found = await lookup(name, { family, all: true });
    return { records: found.map(({ address }) => address), ttlSeconds: HOSTS_TTL_S };
  } catch {
    return { records: [], ttlSeconds: undefined };
  }
}
