import { openEtcd, type Backplane, type EngineEndpoint } from '#backplane';
import type { Logger } from '#base';
import type { MutualTlsIdentity } from '#io';
import type { NodeIo } from '#io/node';
import { startsEmpty } from './starts-empty.ts';

/** The store of the whole cluster. It opens also while the engine is away. */
export async function openSharedStore(
  endpoints: readonly EngineEndpoint[],
  identity: () => MutualTlsIdentity,
  io: NodeIo,
  logger: Logger,
): Promise<Backplane> {
  const { http2, clock, random, files } = io;
  const tls = () => ({ identity: identity() });
  const store = await openEtcd({ endpoints, tls, http2, clock, random, files, logger });
  return startsEmpty(store, clock, logger);
}
