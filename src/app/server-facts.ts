import type { ServerFacts } from '#admin';
import type { Clock, Machine } from '#io';

/** As SoftEther clients read it: they expect the numbers of the edition whose protocol we speak. */
export const protocolVersion = { version: 501, build: 9674 } as const;
export const productName = 'hubfarm VPN Server (SoftEther VPN 5.01 compatible)';

/** What the server says of itself; the administration shows it. */
export function serverFacts(options: {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly hostName: string;
  /** Of the package: `0.1.0`. */
  readonly packageVersion: string;
  readonly ciphers: ServerFacts['ciphers'];
  readonly limits: ServerFacts['limits'];
}): ServerFacts {
  const { machine, clock, hostName, packageVersion, ciphers, limits } = options;
  const { os } = machine;
  return {
    productName,
    versionText: `hubfarm ${packageVersion} (Version 5.01 Build ${protocolVersion.build} protocol)`,
    buildText: `hubfarm ${packageVersion}`,
    ...protocolVersion,
    buildDateMs: 0,
    familyName: 'SoftEther',
    hostName,
    startedAtMs: clock.wallMs(),
    os: {
      systemName: os.systemName,
      productName: os.productName,
      vendorName: os.vendorName,
      version: os.version,
      kernelName: os.kernelRelease,
      kernelVersion: os.kernelVersion,
    },
    ciphers,
    limits,
  };
}
