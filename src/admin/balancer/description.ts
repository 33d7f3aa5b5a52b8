/**
 * What a load balancer's configuration is made of: the words in which every device is told the same thing. IPv4 only:
 * that is what the devices' templates are known for.
 */
export interface BalancedCluster {
  /** For comments and names in configurations: letters, digits, `-`. */
  readonly name: string;
  /** The one address that clients know (VIP), IPv4 text; empty = not known. */
  readonly virtualAddress: string;
  /** The frontends are a SIP Farm: any of them may take any UDP packet, and any of them may answer it. */
  readonly isFarm: boolean;
  readonly predictor: Predictor;
  readonly balancer: Balancer;
  readonly frontends: readonly Frontend[];
  readonly services: readonly BalancedService[];
  readonly mediaMethod: MediaMethod;
}

/** How a frontend is chosen for what is new. `source`: by the sender's address, always the same one. */
export type Predictor = 'round-robin' | 'source' | 'least-connections';

/**
 * How packets travel. `dsr`: only the MAC address changes, the frontend has the virtual address and answers by itself
 * (direct server return). `nat`: the destination becomes the frontend's, and the source of what frontends send becomes
 * the virtual address, whoever sends it; nothing is remembered for UDP. `normal`: as the device does it by itself, with
 * a table of connections.
 */
export type ServiceMode = 'normal' | 'dsr' | 'nat';

export type TransportProtocol = 'tcp' | 'udp';

/** What a device asks a frontend to know whether it lives. `sip`: OPTIONS to the frontend itself. */
export type ServiceCheck = 'tcp' | 'sip' | 'https' | 'smtp' | 'none';

/**
 * Where media goes. `none`: not through the balancer, and nothing is known. `single-ip`: by ranges of ports of the
 * virtual address, one for each frontend. `multi-ip`: frontends have public addresses. `multi-ip-nat`: the balancer has
 * one for each frontend, mapped 1:1.
 */
export type MediaMethod = 'none' | 'single-ip' | 'multi-ip' | 'multi-ip-nat';

/** The device itself. What is empty or absent is not said in its configuration. */
export interface Balancer {
  /** Its own service address, not the virtual one. */
  readonly address: string;
  /** Of the network of `address`; 0–32. */
  readonly prefixLength: number | undefined;
  readonly gateway: string;
  readonly dns: string;
  readonly timeServer: string;
  /** Host to which the device reports by mail. */
  readonly mailServer: string;
  /** Network interface towards clients, where the device is a computer. */
  readonly interface: string;
  /** The one towards the frontends; empty = the same. */
  readonly insideInterface: string;
  /** Of `insideInterface`. */
  readonly mac: string;
  /** Hardware ports towards clients, where the device is a switch. */
  readonly uplinkPorts: readonly number[];
  readonly vlan: { readonly name: string; readonly tag: number; readonly interfaces: readonly string[] } | undefined;
  /** Name of the service that says whether a frontend lives, on devices that watch a frontend as a whole. */
  readonly monitor: string;
}

export interface PortRange {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

/** One member of the cluster, as the balancer sees it ("real server"). */
export interface Frontend {
  readonly name: string;
  readonly address: string;
  /** Hardware port of the switch that it is on. */
  readonly hardwarePort: number | undefined;
  /** Of its interface in the balancer's network; empty = not known. */
  readonly mac: string;
  /** 100 = normal. */
  readonly weight: number;
  readonly mediaPorts: PortRange | undefined;
  /** Its own public address; empty = none. */
  readonly wanAddress: string;
  /** Whether it has the virtual address on its loopback interface; undefined = not known. */
  readonly hasVirtualAddress: boolean | undefined;
}

export interface BalancedService {
  readonly name: string;
  readonly port: number;
  readonly protocols: readonly TransportProtocol[];
  readonly mode: ServiceMode;
  /** The device looks whether it answers. */
  readonly isKeptAlive: boolean;
  readonly check: ServiceCheck;
  /** undefined = the cluster's. */
  readonly predictor: Predictor | undefined;
  /** Names; undefined = all. */
  readonly frontends: readonly string[] | undefined;
}

export const frontendsOf = (
  { frontends }: Pick<BalancedCluster, 'frontends'>,
  service: Pick<BalancedService, 'frontends'>,
): readonly Frontend[] => {
  const { frontends: names } = service;
  return names === undefined ? frontends : frontends.filter(({ name }) => names.includes(name));
};

/** Each packet may go to any frontend and be answered by any other, so the device must remember nothing of it. */
export const isPerPacket = ({ isFarm }: Pick<BalancedCluster, 'isFarm'>, { protocols }: BalancedService): boolean =>
  isFarm && protocols.includes('udp');

export const hasMode = ({ services }: Pick<BalancedCluster, 'services'>, mode: ServiceMode): boolean =>
  services.some((service) => service.mode === mode);
