import { parseIpAddress, reasonOf } from '#base';
import type { Network } from '#io';
import type { AdmissionRequest } from './codec/member-message.ts';
import { joinTimes } from './join-times.ts';
import { refusals } from './refusal.ts';

const atOnce = 8;
/** Nobody needs more examples; the rest is not dialled, so that who waits does not give up. */
const maxProblems = 8;

/** What clients are redirected to: IPv4, since that is all that a redirect can carry. */
export function choosePublicAddress(wanted: string, seen: string): string {
  const address = wanted === '' ? seen : wanted;
  const bytes = parseIpAddress(address);
  if (bytes === undefined) throw refusals.badAddress(address, 'is not an IP address');
  if (bytes.length !== 4) {
    const whose =
      wanted === '' ? 'is the address that the controller sees, and clients can only be sent to IPv4' : 'is not IPv4';
    throw refusals.badAddress(address, whose);
  }
  if (bytes[0] === 0 || bytes[0]! >= 224) throw refusals.badAddress(address, 'is no address of a single host');
  return address;
}

/** Dials every public port, and looks whether this very server answers. Returns what is wrong, a line each. */
export async function reachPublicPorts(
  network: Pick<Network, 'dial'>,
  address: string,
  { publicPorts, listenerCertificate }: AdmissionRequest,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const waiting = [...new Set(publicPorts)];
  const probeAll = async (): Promise<void> => {
    for (let port = waiting.shift(); port !== undefined && problems.length < maxProblems; port = waiting.shift()) {
      const problem = await probe(network, address, port, listenerCertificate);
      if (problem !== undefined) problems.push(problem);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, probeAll));
  return problems;
}

async function probe(
  network: Pick<Network, 'dial'>,
  host: string,
  port: number,
  expected: Buffer,
): Promise<string | undefined> {
  try {
    const stream = await network.dial({ host, port, timeoutMs: joinTimes.reachMs, tls: true });
    const shown = stream.tls?.peerCertificate;
    stream.destroy();
    return shown?.equals(expected) === true ? undefined : `port ${port} is answered by another server`;
  } catch (error) {
    return `port ${port}: ${reasonOf(error)}`;
  }
}
