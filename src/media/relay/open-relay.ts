import { isLoopback, type Logger } from '#base';
import type { Clock, Commands, Consoles, MediaSockets, Netfilter } from '#io';
import { UdpMediaRelay } from './media-relay.ts';
import { NftRelay } from './nft/nft-relay.ts';
import { tableName } from './nft/ruleset.ts';

export interface MediaRelayParts {
  readonly sockets: MediaSockets;
  readonly consoles: Consoles;
  readonly commands: Commands;
  /** undefined: it cannot be asked; then calls lack what the kernel forwarded in their last seconds. */
  readonly netfilter: Netfilter | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `auto`: nftables where it can be had. */
  readonly kernel: 'auto' | 'off';
  /** Of this member, 1–16 of 0-9a-z. */
  readonly token: string;
  /** Of this process: another server on this host may have a member of the same token. */
  readonly pid: number;
  /** The byte of IP_TOS, IPV6_TCLASS; undefined: as the system does. */
  readonly typeOfService: number | undefined;
  /** Of all interfaces that are up, now. */
  readonly ownAddresses: () => readonly string[];
}

/** Interfaces are asked for at most so often. */
const ADDRESSES_MS = 5_000;

/** The relay of this member. Forwards at once; the kernel joins in when it has answered. */
export function openMediaRelay(parts: MediaRelayParts): UdpMediaRelay {
  const { sockets, clock, logger, typeOfService } = parts;
  const kernel = parts.kernel === 'off' ? undefined : openKernel(parts);
  void kernel?.start();
  return new UdpMediaRelay({ sockets, kernel, clock, logger, typeOfService });
}

function openKernel(parts: MediaRelayParts): NftRelay {
  const { clock, ownAddresses, token, pid } = parts;
  let own = new Set<string>();
  let atMs = -Infinity;
  const isOwnAddress = (address: string): boolean => {
    if (isLoopback(address)) return true;
    if (clock.nowMs() - atMs >= ADDRESSES_MS) {
      atMs = clock.nowMs();
      own = new Set(ownAddresses());
    }
    return own.has(address);
  };
  // Members of one host, threads of one process among them, keep out of each other's zones for a while.
  const firstZone = Buffer.from(token).reduce((sum, byte) => (sum * 31 + byte) & 0xffff, pid * 997);
  return new NftRelay({ ...parts, table: tableName(token, String(pid)), isOwnAddress, firstZone });
}
