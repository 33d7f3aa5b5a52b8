import { HubfarmError } from '#base';
import type { Network } from '#io';
import type { MemberInfo } from '../membership.ts';
import type { PortResult } from './reachability-verdicts.ts';

/** Longer than a busy server lets anybody wait: nobody is sent to a member that seems not to be reached. */
const probeTimeoutMs = 6_000;
/** Ports tried in one round: clients try the first ones of the list. */
const portsPerProbeMax = 16;

/** Tries to connect to each public port of a member, as a client would, and looks whose certificate is there. */
export async function probePorts(
  network: Pick<Network, 'dial'>,
  { publicAddress, publicPorts, certificate }: MemberInfo,
  signal: AbortSignal,
): Promise<PortResult[]> {
  const results: PortResult[] = [];
  for (const port of publicPorts.slice(0, portsPerProbeMax)) {
    results.push({ port, cause: await probe(network, publicAddress, port, certificate, signal) });
  }
  return results;
}

async function probe(
  network: Pick<Network, 'dial'>,
  host: string,
  port: number,
  certificate: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    const stream = await network.dial({ host, port, tls: true, timeoutMs: probeTimeoutMs, signal });
    const found = stream.tls?.peerCertificate;
    stream.receive({ data: () => undefined, closed: () => undefined });
    stream.close();
    if (certificate === '' || found === undefined || found.toString('base64') === certificate) return '';
    return `another server answers at ${host}:${port}`;
  } catch (error) {
    if (error instanceof HubfarmError) return error.message;
    throw error;
  }
}
