import { isPrivateAddress } from '../private-address.ts';
import { isIpv4 } from '../ipv4.ts';
import type { Finding } from './host-check.ts';

export interface NatCheckInput {
  /** The server's own, IPv4; empty = none was found. */
  readonly address: string;
  /** IPv4, all of them. */
  readonly virtualAddresses: readonly string[];
  /** What the server tells places outside; empty = nothing else than inside. */
  readonly wanAddress: string;
  /** Its name, for commands. */
  readonly server: string;
}

/** What a frontend still lacks behind a balancer that translates addresses. */
export function checkNatHost(input: NatCheckInput): readonly Finding[] {
  return [checkWan(input), wayBack(input)];
}

/** SIP tells the virtual address, which any server answers; media must be told one that leads to this very server. */
function checkWan({ address, virtualAddresses, wanAddress, server }: NatCheckInput): Finding {
  const what = 'WAN address';
  if (isIpv4(wanAddress)) {
    return { what, verdict: 'ok', text: `media outside are told ${wanAddress}`, command: '' };
  }
  if (!isPrivateAddress(address)) {
    return { what, verdict: 'ok', text: `media are told ${address}, which is reached from outside`, command: '' };
  }
  if (virtualAddresses.every(isPrivateAddress)) {
    return { what, verdict: 'ok', text: `media are told ${address}; the virtual address is private, too`, command: '' };
  }
  return {
    what,
    verdict: 'lacks',
    text: `media of telephones outside are told ${address}, which they cannot reach: nobody is heard`,
    command: `hubfarm farm set --member ${server} --wan-address ADDRESS, one for each server; or --cluster --wan-address ADDRESS, with media.ports of its own for each: hubfarm media check`,
  };
}

const wayBack = ({ virtualAddresses }: NatCheckInput): Finding => ({
  what: 'way back',
  verdict: 'unknown',
  text: `answers must leave by the balancer, which gives them ${virtualAddresses[0] ?? 'the virtual address'}: it must be the way to clients`,
  command: 'ip route get CLIENT: it must show "via" the address of the balancer',
});
