import {
  frontendsOf,
  hasMode,
  isPerPacket,
  type BalancedCluster,
  type BalancedService,
  type Frontend,
} from './description.ts';
import { checkMedia } from './check-media.ts';
import { isInNetwork } from './ipv4.ts';
import { error, warning, type Problem } from './problem.ts';

/** What no device can make good. */
export function checkDescription(cluster: BalancedCluster): readonly Problem[] {
  return [...checkAddresses(cluster), ...checkServices(cluster), ...checkDsr(cluster), ...checkMedia(cluster)];
}

function checkAddresses(cluster: BalancedCluster): Problem[] {
  const { virtualAddress, frontends, balancer } = cluster;
  const problems: Problem[] = [];
  if (virtualAddress === '') {
    problems.push(
      error('the virtual address is missing: set virtualAddress in [cluster], give --vip, or set sip.virtualAddresses'),
    );
  }
  if (frontends.length === 0) problems.push(error('there is no frontend to send anything to'));
  for (const { name, address } of frontends) {
    if (address === '') problems.push(error(`frontend ${name} has no address`));
    else if (address === virtualAddress) {
      problems.push(
        error(`frontend ${name} has the virtual address ${address} as its own: give the one of its interface`),
      );
    } else if (address === balancer.address) {
      problems.push(error(`frontend ${name} has the address of the balancer, ${address}`));
    }
  }
  for (const name of doubles(frontends.map((frontend) => frontend.name))) {
    problems.push(error(`two frontends are called ${name}`));
  }
  for (const address of doubles(frontends.map((frontend) => frontend.address))) {
    if (address !== '') problems.push(error(`two frontends have the address ${address}`));
  }
  return problems;
}

function checkServices(cluster: BalancedCluster): Problem[] {
  const { services, frontends } = cluster;
  const problems: Problem[] = [];
  if (services.length === 0) problems.push(error('there is no service to balance'));
  for (const name of doubles(services.map((service) => service.name))) {
    problems.push(error(`two services are called ${name}`));
  }
  for (const place of doubles(services.flatMap(({ port, protocols }) => protocols.map((name) => `${name} ${port}`)))) {
    problems.push(error(`two services have the port ${place}`));
  }
  for (const service of services) {
    if (service.port === 0) problems.push(error(`service ${service.name} has no port`));
    if (service.protocols.length === 0)
      problems.push(error(`service ${service.name} has no protocol: "tcp", "udp" or both`));
    const unknown = (service.frontends ?? []).filter((name) => !frontends.some((frontend) => frontend.name === name));
    for (const name of unknown)
      problems.push(error(`service ${service.name} names the frontend ${name}, which there is not`));
    if (frontends.length > 0 && unknown.length === 0 && frontendsOf(cluster, service).length === 0) {
      problems.push(error(`no frontend has the service ${service.name}`));
    }
    if (service.mode === 'normal' && isPerPacket(cluster, service)) problems.push(error(bindingText(service)));
  }
  return problems;
}

const bindingText = ({ name, port }: BalancedService): string =>
  `service ${name}: mode "normal" binds each sender of UDP to one frontend. In a SIP Farm the answer may come from ` +
  `another one; the device would then send it from a port other than ${port}, which telephones do not accept. ` +
  'Take mode "dsr", or "nat" on a device that can do without such bindings';

function checkDsr(cluster: BalancedCluster): Problem[] {
  if (!hasMode(cluster, 'dsr')) return [];
  const services = cluster.services.filter(({ mode }) => mode === 'dsr');
  const names = services.map(({ name }) => name).join(', ');
  const used = cluster.frontends.filter((frontend) =>
    services.some((service) => frontendsOf(cluster, service).includes(frontend)),
  );
  return [...checkSegment(cluster, used, names), ...checkAliases(cluster, used, names)];
}

/** Only the MAC address changes on the way to a frontend: a router between them would not know where to. */
function checkSegment({ balancer }: BalancedCluster, used: readonly Frontend[], names: string): Problem[] {
  const { address, prefixLength } = balancer;
  if (address === '' || prefixLength === undefined) {
    const text = `the balancer must be in the network segment of the frontends for direct server return (${names})`;
    return [warning(`${text}: with its address and netmask in [balancer] this would be checked`)];
  }
  const away = used.filter(
    (frontend) => frontend.address !== '' && !isInNetwork(frontend.address, address, prefixLength),
  );
  return away.map((frontend) =>
    error(
      `frontend ${frontend.name} (${frontend.address}) is not in the network of the balancer, ${address}/${prefixLength}: ` +
        `direct server return (${names}) needs both in one segment, with no router between`,
    ),
  );
}

function checkAliases({ virtualAddress }: BalancedCluster, used: readonly Frontend[], names: string): Problem[] {
  return used
    .filter(({ hasVirtualAddress }) => hasVirtualAddress === false)
    .map(({ name }) =>
      warning(
        `${name} does not have ${virtualAddress} on its loopback interface: what is sent there (${names}) is lost. ` +
          'See "hubfarm lb check" there, or --host',
      ),
    );
}

function doubles(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))];
}
