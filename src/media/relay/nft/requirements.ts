import { reasonOf } from '#base';
import type { Commands } from '#io';

const TIMEOUT_MS = 5_000;

export interface Forwarding {
  /** What is missing for packets of this version of IP, for people; undefined: nothing that can be seen beforehand. */
  readonly 4: string | undefined;
  readonly 6: string | undefined;
}

/** Whether this host passes packets on at all. It is not switched on here: that makes a router of the machine. */
export async function readForwarding(commands: Commands): Promise<Forwarding> {
  const four = await read(commands, 'net.ipv4.ip_forward');
  const six = await read(commands, 'net.ipv6.conf.all.forwarding');
  return {
    4: problemOf('IPv4', 'net.ipv4.ip_forward', four),
    6: problemOf('IPv6', 'net.ipv6.conf.all.forwarding', six),
  };
}

function problemOf(version: string, key: string, value: string): string | undefined {
  if (value === '1' || value === '2') return undefined;
  const how = `allow it with "sysctl -w ${key}=1" (and in /etc/sysctl.d to keep it)`;
  return value === '0' ? `this host does not forward ${version} packets: ${how}` : `cannot read ${key}: ${value}`;
}

async function read(commands: Commands, key: string): Promise<string> {
  try {
    const { exitCode, stdout, stderr } = await commands.run('sysctl', ['-n', key], { timeoutMs: TIMEOUT_MS });
    return exitCode === 0 ? stdout.trim() : stderr.trim();
  } catch (error) {
    return reasonOf(error);
  }
}

/** The kernel took packets of a channel and none of them got through. */
export const droppedBehind =
  'the kernel takes the packets of a call, but they get no further: a firewall on this host drops what it forwards (look at ' +
  'the chains of "nft list ruleset" with "hook forward"), there is no route back, or net.ipv4.conf.*.rp_filter=1 does not ' +
  'expect them there';

/** What `nft` says, in words. */
export function explain(error: string): string {
  if (/not permitted|permission/i.test(error))
    return `the kernel takes no rules from us: CAP_NET_ADMIN is missing (${error})`;
  return `the kernel does not take our table (${error || 'nft did not say why'}): Linux 5.12 or newer and nftables 1.0 or newer are needed`;
}
