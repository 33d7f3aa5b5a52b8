import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { NameResolver } from '../name-resolver.ts';
import { resolveError } from './errno.ts';

/** By the system's own resolver: /etc/hosts, then name servers. */
export function createNodeNameResolver(): NameResolver {
  return {
    async resolve(host) {
      if (isIP(host) !== 0) return [host];
      try {
        const found = await lookup(host, { all: true, order: 'verbatim' });
        return [...new Set(found.map(({ address }) => address))];
      } catch (cause) {
        throw resolveError(host, cause);
      }
    },
  };
}
