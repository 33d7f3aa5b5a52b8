import { checkMedia as checkSharedMedia } from '#media';
import { hasMode, type BalancedCluster } from './description.ts';
import { isPrivateAddress } from './private-address.ts';
import { error, warning, type Problem } from './problem.ts';

/** Whether the frontends' media can be told apart, and reaches them at all. */
export function checkMedia(cluster: BalancedCluster): readonly Problem[] {
  if (cluster.mediaMethod === 'single-ip') return checkSingleIp(cluster);
  if (cluster.mediaMethod === 'multi-ip-nat') return checkMapped(cluster);
  return checkReached(cluster);
}

/** A frontend that is reached through the balancer only, and has told nobody so. */
function checkReached(cluster: BalancedCluster): Problem[] {
  const { virtualAddress, mediaMethod } = cluster;
  if (!cluster.isFarm || !hasMode(cluster, 'nat') || virtualAddress === '' || isPrivateAddress(virtualAddress))
    return [];
  const hidden = cluster.frontends.filter(({ address }) => isPrivateAddress(address));
  if (hidden.length === 0) return [];
  const names = hidden.map(({ name, address }) => `${name} (${address})`).join(', ');
  return [
    warning(
      `media: telephones outside do not reach the private addresses of ${names}, and with method "${mediaMethod}" the ` +
        'balancer leads no media to them. Set WAN addresses ("hubfarm farm set … --wan-address"): one for the cluster, the ' +
        'virtual one, and media.ports of its own for each server (single-ip), or one for each server (multi-ip-nat)',
    ),
  ];
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
            `frontend ${name} tells media the WAN address ${wanAddress}: with single-ip it must be the virtual address, ` +
              `${virtualAddress}, told to the whole cluster, and servers have none of their own`,
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
