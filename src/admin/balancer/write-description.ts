import type { BalancedCluster, BalancedService, Balancer, Frontend } from './description.ts';

type Value =
  | string
  | number
  | boolean
  | readonly (string | number)[]
  | { readonly inline: Readonly<Record<string, Value>> }
  | undefined;

/** A description as a TOML document, which `readDescription` reads; what is not known is left out. */
export function writeDescription(cluster: BalancedCluster): string {
  const { name, virtualAddress, isFarm, predictor, balancer, mediaMethod, frontends, services } = cluster;
  return [
    '# The cluster as its load balancer sees it. Complete it, then: hubfarm lb config --for DEVICE --from FILE',
    ...section('[cluster]', { name, virtualAddress, farm: isFarm, predictor }),
    ...section('[balancer]', balancerValues(balancer)),
    ...section('[media]', { method: mediaMethod }),
    ...frontends.flatMap((frontend) => section('[[frontend]]', frontendValues(frontend))),
    ...services.flatMap((service) => section('[[service]]', serviceValues(service))),
    '',
  ].join('\n');
}

function balancerValues({ prefixLength, vlan, uplinkPorts, ...rest }: Balancer): Record<string, Value> {
  return {
    ...rest,
    netmask: prefixLength,
    uplinkPorts: uplinkPorts.length === 0 ? undefined : uplinkPorts,
    vlan: vlan && { inline: { ...vlan } },
  };
}

function frontendValues({ mediaPorts, ...rest }: Frontend): Record<string, Value> {
  return { ...rest, mediaPorts: mediaPorts && `${mediaPorts.first}-${mediaPorts.last}` };
}

function serviceValues({ isKeptAlive, ...rest }: BalancedService): Record<string, Value> {
  return { ...rest, keepalive: isKeptAlive };
}

function section(head: string, values: Readonly<Record<string, Value>>): string[] {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return ['', head, ...given.map(([key, value]) => `${key} = ${textOf(value)}`)];
}

function textOf(value: Value): string {
  if (typeof value === 'object' && 'inline' in value) {
    const entries = Object.entries(value.inline).map(([key, inner]) => `${key} = ${textOf(inner)}`);
    return `{ ${entries.join(', ')} }`;
  }
  // JSON's strings, numbers, booleans and lists of them are TOML's, too.
  return JSON.stringify(value).replaceAll('","', '", "');
}
