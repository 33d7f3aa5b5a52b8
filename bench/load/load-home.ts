import { createNodeClock, createNodeNameResolver, createNodeNetwork, createNodeRandom } from '#io/node';
import { createClientHome, type ClientAccount, type ClientHome, type ClientLimits } from '#softether';
import type { LoadOptions } from './options.ts';

/**
 * What the original client offers for its key exchange: the defaults of OpenSSL 3.0. Those of the runtime begin with a
 * post-quantum key, which costs this process a fifth of a log-in and is nothing that a server of stock clients ever sees.
 */
export const stockGroups = ['X25519', 'P-256', 'X448', 'P-521', 'P-384'];

/** What all sessions of a load client live on. */
export function createLoadHome({ as }: Pick<LoadOptions, 'as'>, limits: ClientLimits): ClientHome {
  const random = createNodeRandom();
  return createClientHome({
    clock: createNodeClock(),
    random,
    network: createNodeNetwork(as === 'stock' ? { dialGroups: stockGroups } : {}),
    names: createNodeNameResolver(),
    alpn: as === 'hubfarm' ? ['http/1.1'] : [],
    limits,
    identity: { product: { name: 'Load Client', version: 501, build: 9674 }, uniqueId: random.bytes(20) },
  });
}

/** `{n}` in the name of the hub is the number of the session, from 1 on: each one has a hub of its own. */
export function accountOf(options: LoadOptions, number = 1): ClientAccount {
  const { hub, user, password, connections, isCompressed, isEncrypted } = options;
  return {
    hubName: hub.replace('{n}', String(number)),
    userName: user,
    credentials: password === '' ? { kind: 'anonymous' } : { kind: 'password', password },
    maxConnection: connections,
    useEncrypt: isEncrypted,
    useCompress: isCompressed,
    halfConnection: false,
  };
}
