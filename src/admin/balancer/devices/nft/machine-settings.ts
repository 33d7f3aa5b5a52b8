import type { BalancedCluster } from '../../description.ts';

/** What a Linux machine that is the balancer needs besides the rules: commands, for people. */
export function machineSettings({ virtualAddress, balancer }: BalancedCluster): readonly string[] {
  const devices = [...new Set(['all', balancer.interface || 'eth0', balancer.insideInterface || 'eth0'])];
  return [
    `  ip address add ${virtualAddress}/32 dev ${balancer.interface || 'eth0'}`,
    '  sysctl -w net.ipv4.ip_forward=1',
    ...devices.map((name) => `  sysctl -w net.ipv4.conf.${name}.send_redirects=0`),
  ];
}
