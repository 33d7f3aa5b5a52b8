import type { BalancedCluster, Frontend, PortRange } from './description.ts';
import { error, warning, type Problem } from './problem.ts';

/** Whether the frontends' media can be told apart, and reaches them at all. */
export function checkMedia(cluster: BalancedCluster): readonly Problem[] {
  if (cluster.mediaMethod === 'single-ip') return checkSingleIp(cluster);
  if (cluster.mediaMethod === 'multi-ip-nat') return checkMapped(cluster);
  return [];
}

/** All media comes to one address, so the port alone must say whose it is. */
function checkSingleIp({ frontends, services, virtualAddress }: BalancedCluster): Problem[] {
  const problems = frontends.flatMap(({ name, mediaPorts, wanAddress }) => [
    ...(mediaPorts === undefined
      ? [error(`frontend ${name} has no mediaPorts: single-ip needs a range for each`)]
      : []),
    ...(mediaPorts !== undefined ? oddRange(name, mediaPorts) : []),
    ...(wanAddress !== ''
      ? [
          error(
            `frontend ${name} has the WAN address ${wanAddress} of its own: with single-ip the whole cluster has one, ` +
              `${virtualAddress}, and the servers have none`,
          ),
        ]
      : []),
  ]);
  return [...problems, ...overlaps(frontends), ...services.flatMap(({ name, port }) => taken(frontends, name, port))];
}

function oddRange(name: string, { first, last }: PortRange): Problem[] {
  const size = last - first + 1;
  if (size % 2 === 0 && first % 2 === 0) return [];
  return [
    warning(
      `mediaPorts of ${name}, ${first}-${last}: RTP takes an even port and RTCP the next one, so a range should begin ` +
        'with an even number and end with an odd one',
    ),
  ];
}

function overlaps(frontends: readonly Frontend[]): Problem[] {
  return frontends.flatMap((one, at) =>
    frontends.slice(at + 1).flatMap((other) => {
      const [a, b] = [one.mediaPorts, other.mediaPorts];
      if (a === undefined || b === undefined || a.last < b.first || b.last < a.first) return [];
      const ranges = `${a.first}-${a.last} of ${one.name} and ${b.first}-${b.last} of ${other.name}`;
      return [error(`media ports overlap: ${ranges}. With single-ip each frontend needs ports of its own`)];
    }),
  );
}

function taken(frontends: readonly Frontend[], service: string, port: number): Problem[] {
  return frontends
    .filter(({ mediaPorts: ports }) => ports !== undefined && ports.first <= port && port <= ports.last)
    .map(({ name }) => error(`port ${port} of the service ${service} is among the media ports of ${name}`));
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
