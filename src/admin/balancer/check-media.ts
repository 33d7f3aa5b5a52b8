import { checkMedia as checkSharedMedia } from '#media';
import type { BalancedCluster } from './description.ts';
import { error, warning, type Problem } from './problem.ts';

/** Whether the frontends' media can be told apart, and reaches them at all. */
export function checkMedia(cluster: BalancedCluster): readonly Problem[] {
  if (cluster.mediaMethod === 'single-ip') return checkSingleIp(cluster);
  if (cluster.mediaMethod === 'multi-ip-nat') return checkMapped(cluster);
  return [];
}

/** All media comes to one address, so the port alone must say whose it is. */
function checkSingleIp({ frontends, services, virtualAddress }: BalancedCluster): Problem[] {
  const servicePorts = [...new Set(services.map(({ port }) => port))];
  const problems = frontends.flatMap(({ name, mediaPorts, wanAddress }) => [
    ...(mediaPorts === undefined
      ? [error(`frontend ${name} has no mediaPorts: single-ip needs a range for each`)]
      : []),
    ...(wanAddress !== '' && wanAddress !== virtualAddress
      ? [
          error(
            `frontend ${name} has the WAN address ${wanAddress} of its own: with single-ip the whole cluster has one, ` +
              `${virtualAddress}, and the servers have none`,
          ),
        ]
      : []),
  ]);
  const members = frontends.flatMap(({ name, mediaPorts }) =>
    mediaPorts === undefined ? [] : [{ name, ports: mediaPorts, wanAddress: undefined, servicePorts, machine: name }],
  );
  const { findings } = checkSharedMedia({ members, wanAddress: virtualAddress });
  return [...problems, ...findings.map(({ level, text }) => (level === 'error' ? error(text) : warning(text)))];
}

function checkMapped({ frontends, virtualAddress }: BalancedCluster): Problem[] {
  return frontends.flatMap(({ name, wanAddress }, at) => {
    if (wanAddress === '') {
      return [error(`frontend ${name} has no wanAddress: multi-ip-nat maps one public address to each frontend`)];
    }
    if (wanAddress === virtualAddress) return [error(`frontend ${name}: wanAddress must not be the virtual address`)];
    const other = frontends.slice(0, at).find((frontend) => frontend.wanAddress === wanAddress);
    return other === undefined ? [] : [error(`${other.name} and ${name} have the same wanAddress, ${wanAddress}`)];
  });
}
