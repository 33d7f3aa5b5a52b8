import { silentLogger, type Logger } from '#base';
import type { Clock, Files, Http2Dialer, Random } from '#io';
import type { Backplane } from '../backplane.ts';
import { BadRequest, limits } from '../limits.ts';
import { EtcdBackplane } from './etcd-backplane.ts';
import type { EngineTls } from './rpc/endpoint.ts';
import type { EngineClientOptions, EngineEndpoint, Timeouts } from './rpc/engine-client.ts';

export interface EtcdOptions {
  /**
   * Client ports of the engine's voters; the first is asked first (this server's own, where it has one). A function is
   * asked again whenever one of them has failed.
   */
  readonly endpoints: readonly EngineEndpoint[] | (() => readonly EngineEndpoint[]);
  /** Read at each connection: renewed certificates need no restart. */
  readonly tls: () => EngineTls;
  readonly http2: Http2Dialer;
  readonly clock: Clock;
  readonly random: Random;
  /** Where backups are written. */
  readonly files: Files;
  readonly logger?: Logger;
  readonly timeouts?: Partial<Timeouts>;
}

const defaultTimeouts: Timeouts = { attemptMs: 1_500, bulkAttemptMs: 5_000, callMs: 5_000 };
/** More at once only wait for each other in the engine, and miss their deadlines together. */
const maxCallsInFlight = 64;

/**
 * Opens the cluster's store, at one endpoint at least. Resolves also when the engine does not answer: `state()` is `lost` then, and it goes on
 * trying. Closing it revokes its leases.
 */
export async function openEtcd(options: EtcdOptions): Promise<Backplane> {
  const { clock, random, files, logger = silentLogger } = options;
  const backplane = new EtcdBackplane({ client: clientOptions(options), clock, random, files, logger });
  await backplane.begin();
  return backplane;
}

export function clientOptions(
  options: Pick<EtcdOptions, 'endpoints' | 'tls' | 'http2' | 'clock' | 'timeouts'>,
): EngineClientOptions {
  const { endpoints, tls, http2, clock, timeouts } = options;
  const listed = typeof endpoints === 'function' ? endpoints : () => endpoints;
  if (listed().length === 0) throw new BadRequest('no endpoint of the engine is named: at least one is needed');
  return {
    endpoints: listed,
    tls,
    http2,
    clock,
    timeouts: { ...defaultTimeouts, ...timeouts },
    maxCallsInFlight,
    maxCallsWaiting: limits.pendingMaxCalls,
  };
}
