import { afterAll, afterEach, beforeAll } from 'vitest';
import type { SipConfig } from '#sip';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import { openRealServer, type RealServer } from '../core/real-server.ts';
import { RawPeer } from './raw-peer.ts';

export interface RawServer {
  readonly port: number;
  /** Somebody at a socket of his own, closed after the test, who knows the server by that of its places. */
  peer(place?: number): Promise<RawPeer>;
  /** An account that no test has used, whose password is `secret`. */
  user(): string;
  /** Where a user is registered, as the server knows it. */
  bindings(user: string): readonly Binding[];
}

const users = Array.from({ length: 60 }, (_, index) => `u${index}`);

/** A whole server on sockets of this machine, for the tests of one file; `farm.test` is its domain, and all users are strangers. */
export function useRawServer(changes: Partial<SipConfig> = {}): RawServer {
  let server: RealServer | undefined;
  let taken = 0;
  const peers: RawPeer[] = [];
  beforeAll(async () => {
    server = await openRealServer({ name: 'farm.test', aliases: [], users: ['anna', 'ben', ...users] }, changes);
  });
  afterEach(() => {
    for (const one of peers.splice(0)) one.close();
  });
  afterAll(() => server?.stop());
  return {
    get port() {
      return server!.port;
    },
    peer: async (index = 0) => {
      const place = changes.listen?.[index];
      const one = await RawPeer.open(place?.port ?? server!.port, place?.host);
      peers.push(one);
      return one;
    },
    user: () => users[taken++]!,
    bindings: (user) => server!.sip.accounts.location.lookup(`${user}@farm.test`),
  };
}
