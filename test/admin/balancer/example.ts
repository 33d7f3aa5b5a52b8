import type {
  BalancedCluster,
  BalancedService,
  Balancer,
  Frontend,
  ServiceMode,
} from '../../../src/admin/balancer/description.ts';

export const frontend = (change: Partial<Frontend> = {}): Frontend => ({
  name: 'a',
  address: '10.0.0.11',
  hardwarePort: 5,
  mac: '02:00:00:00:00:11',
  weight: 100,
  mediaPorts: undefined,
  wanAddress: '',
  hasVirtualAddress: undefined,
  ...change,
});

export const service = (change: Partial<BalancedService> = {}): BalancedService => ({
  name: 'sip',
  port: 5060,
  protocols: ['udp', 'tcp'],
  mode: 'nat',
  isKeptAlive: true,
  check: 'sip',
  predictor: undefined,
  frontends: undefined,
  ...change,
});

/** A farm of three behind NAT, unless `mode` says otherwise. */
export function cluster(
  change: Partial<Omit<BalancedCluster, 'balancer'>> & {
    readonly balancer?: Partial<Balancer>;
    readonly mode?: ServiceMode;
  } = {},
): BalancedCluster {
  const { balancer, mode, ...rest } = change;
  return {
    name: 'example',
    virtualAddress: '203.0.113.10',
    isFarm: true,
    predictor: 'round-robin',
    mediaMethod: 'none',
    frontends: ['a', 'b', 'c'].map((name, at) =>
      frontend({
        name,
        address: `10.0.0.1${at + 1}`,
        hardwarePort: 5 + at,
        mac: `02:00:00:00:00:1${at + 1}`,
      }),
    ),
    services: [service(mode === undefined ? {} : { mode })],
    ...rest,
    balancer: {
      address: '10.0.0.1',
      prefixLength: 24,
      gateway: '',
      dns: '',
      timeServer: '',
      mailServer: '',
      interface: 'eth0',
      insideInterface: '',
      mac: '02:00:00:00:00:01',
      uplinkPorts: [1],
      vlan: undefined,
      monitor: '',
      ...balancer,
    },
  };
}
