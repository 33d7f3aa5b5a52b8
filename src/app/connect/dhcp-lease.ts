import { formatIpAddress } from '#base';
import { DhcpOption, type DhcpMessage } from '#hub';

/** What a DHCP server gave. Addresses as text. */
export interface DhcpLease {
  /** `192.168.30.10/24` */
  readonly addressCidr: string;
  readonly server: string;
  readonly routers: readonly string[];
  readonly nameServers: readonly string[];
  /** Infinity = for ever. */
  readonly seconds: number;
  /** T1 and T2 of RFC 2131 §4.4.5, since the lease was given. */
  readonly renewalSeconds: number;
  readonly rebindingSeconds: number;
}

const INFINITE_LEASE = 0xffff_ffff;
const DEFAULT_PREFIX_LENGTH = 24;
/** However short a lease is: it is not asked about more often than this. */
const LEAST_RENEWAL_SECONDS = 5;

/** The lease in an acknowledgement. `server`: 4 bytes. */
export function leaseOf({ yourAddress, options }: DhcpMessage, server: Buffer): DhcpLease {
  const given = secondsIn(options.get(DhcpOption.leaseSeconds)) ?? INFINITE_LEASE;
  const seconds = given === INFINITE_LEASE ? Infinity : Math.max(given, 2 * LEAST_RENEWAL_SECONDS);
  const renewal = secondsIn(options.get(DhcpOption.renewalSeconds)) ?? seconds * 0.5;
  const rebinding = secondsIn(options.get(DhcpOption.rebindingSeconds)) ?? seconds * 0.875;
  return {
    addressCidr: `${textOf(yourAddress)}/${prefixLength(options.get(DhcpOption.subnetMask))}`,
    server: textOf(server),
    routers: addressesIn(options.get(DhcpOption.routers)),
    nameServers: addressesIn(options.get(DhcpOption.nameServers)),
    seconds,
    renewalSeconds: Math.min(Math.max(renewal, LEAST_RENEWAL_SECONDS), seconds),
    rebindingSeconds: Math.min(Math.max(rebinding, LEAST_RENEWAL_SECONDS), seconds),
  };
}

const textOf = (address: Buffer): string => formatIpAddress(address) ?? '';

const secondsIn = (value: Buffer | undefined): number | undefined =>
  value?.length === 4 ? value.readUInt32BE() : undefined;

function addressesIn(value: Buffer | undefined): string[] {
  const count = Math.floor((value?.length ?? 0) / 4);
  return Array.from({ length: count }, (_, i) => textOf(value!.subarray(4 * i, 4 * i + 4)));
}

/** What most networks have, where the server says nothing, or nonsense. */
function prefixLength(mask: Buffer | undefined): number {
  if (mask?.length !== 4) return DEFAULT_PREFIX_LENGTH;
  const bits = mask.readUInt32BE();
  const length = Math.clz32(~bits);
  const isMask = length > 0 && bits === (0xffff_ffff << (32 - length)) >>> 0;
  return isMask ? length : DEFAULT_PREFIX_LENGTH;
}
