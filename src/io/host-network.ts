/** How the operating system of this machine is set up for IPv4, as far as load balancing is concerned. Read at each call. */
export interface HostNetwork {
  facts(): Promise<HostNetworkFacts>;
}

export interface HostNetworkFacts {
  /** `Linux`, `SunOS`, `FreeBSD` … */
  readonly systemName: string;
  readonly interfaces: readonly HostInterface[];
  /** On Linux: settings for all interfaces together; undefined elsewhere, or where they cannot be read. */
  readonly all: ArpSettings | undefined;
}

export interface HostInterface {
  readonly name: string;
  readonly isLoopback: boolean;
  /** Six bytes as `02:00:5e:10:00:01`; zeros on loopback interfaces. */
  readonly mac: string;
  /** IPv4. */
  readonly addresses: readonly { readonly address: string; readonly netmask: string }[];
  /** undefined: not Linux, or not readable. */
  readonly settings: ArpSettings | undefined;
}

/** `net.ipv4.conf.*` of Linux. The kernel goes by the larger one of an interface's and that of all. */
export interface ArpSettings {
  readonly arpIgnore: number;
  readonly arpAnnounce: number;
  readonly rpFilter: number;
}
