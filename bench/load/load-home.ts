import { createNodeClock, createNodeNameResolver, createNodeNetwork, createNodeRandom } from '#io/node';
import { createClientHome, type ClientAccount, type ClientHome, type ClientLimits } from '#softether';
import type { LoadOptions } from './options.ts';

/** What all sessions of a load client live on. */
export function createLoadHome({ as }: Pick<LoadOptions, 'as'>, limits: ClientLimits): ClientHome {
  const random = createNodeRandom();
  return createClientHome({
    clock: createNodeClock(),
    random,
    network: createNodeNetwork(),
    names: createNodeNameResolver(),
    alpn: as === 'hubfarm' ? ['http/1.1'] : [],
    limits,
    identity: { product: { name: 'Load Client', version: 501, build: 9674 }, uniqueId: random.bytes(20) },
  });
}

export function accountOf(options: LoadOptions): ClientAccount {
  const { hub, user, password, connections, isCompressed, isEncrypted } = options;
  return {
    hubName: hub,
    userName: user,
    credentials: password === '' ? { kind: 'anonymous' } : { kind: 'password', password },
    maxConnection: connections,
    useEncrypt: isEncrypted,
    useCompress: isCompressed,
    halfConnection: false,
  };
}
