import type { PortPool } from './port-pool.ts';
import type { RelayRefusal } from './relay/relay.ts';

/** The RTP ports of one stream, towards each party. */
export interface StreamPorts {
  readonly a: number;
  readonly b: number;
}

/** Where ports come from, and go back to. */
export type PortSource = Pick<PortPool, 'take' | 'give' | 'isTaken'>;

/**
 * Ports of another program, one after the other, before it counts as full; or of another member, which has taken over the
 * calls of this one's former life.
 */
const MAX_ATTEMPTS = 64;

export function takeStreamPorts(pool: PortSource): StreamPorts | undefined {
  const a = pool.take();
  if (a === undefined) return undefined;
  const b = pool.take();
  if (b !== undefined) return { a, b };
  pool.give(a);
  return undefined;
}

export function giveStreamPorts(pool: PortSource, ports: StreamPorts | undefined): void {
  if (ports === undefined) return;
  pool.give(ports.a);
  pool.give(ports.b);
}

/** What `attempt` gives with ports that nobody else has; those that somebody has are tried last from now on. */
export function withFreePorts<T extends { readonly kind: string }>(
  pool: PortSource,
  streams: (StreamPorts | undefined)[],
  attempt: () => T | RelayRefusal,
): T | RelayRefusal {
  let result = attempt();
  for (let count = 1; count < MAX_ATTEMPTS && isRefusal(result); count++) {
    if (result.port === undefined || !replacePort(pool, streams, result.port.port)) break;
    result = attempt();
  }
  return result;
}

function isRefusal(result: { readonly kind: string }): result is RelayRefusal {
  return result.kind === 'refused';
}

/** `port` or the one before it is the pair's. */
function replacePort(pool: PortSource, streams: (StreamPorts | undefined)[], port: number): boolean {
  const rtp = port - (port % 2);
  const index = streams.findIndex((ports) => ports?.a === rtp || ports?.b === rtp);
  const ports = streams[index];
  if (ports === undefined) return false;
  const other = pool.take();
  if (other === undefined) return false;
  pool.give(rtp);
  streams[index] = ports.a === rtp ? { ...ports, a: other } : { ...ports, b: other };
  return true;
}
