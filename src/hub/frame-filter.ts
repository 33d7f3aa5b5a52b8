import type { Policy } from './records.ts';

/**
 * One link of the chain that a frame passes between reception and MAC learning (SoftEther protocol §10.1): bandwidth
 * limit, policy, hub filters, access list, in this order. An empty chain costs one comparison per run of frames.
 */
export interface FrameFilter {
  readonly name: string;
  /** buf[at, at + size) is one Ethernet frame of 14 bytes or more. False drops it. */
  passes(buf: Buffer, at: number, size: number): boolean;
}

const ipv4 = 0x0800;
const arp = 0x0806;
const ipv6 = 0x86dd;

/** The filters that a policy asks for, in the order of the frame path. */
export function policyFilters(policy: Policy): FrameFilter[] {
  const filters: FrameFilter[] = [];
  if (policy.FilterIPv4) filters.push(etherTypeFilter('FilterIPv4', (type) => type !== ipv4 && type !== arp));
  if (policy.FilterIPv6) filters.push(etherTypeFilter('FilterIPv6', (type) => type !== ipv6));
  if (policy.FilterNonIP) {
    filters.push(etherTypeFilter('FilterNonIP', (type) => type === ipv4 || type === arp || type === ipv6));
  }
  return filters;
}

function etherTypeFilter(name: string, allows: (type: number) => boolean): FrameFilter {
  return { name, passes: (buf, at) => allows((buf[at + 12]! << 8) | buf[at + 13]!) };
}
