import type { Policy } from './records.ts';

/** What applies to a user without a policy of his own or of a group (SoftEther protocol §4.4). */
export const defaultPolicy: Policy = Object.freeze({
  Access: true,
  DHCPFilter: false,
  DHCPNoServer: false,
  DHCPForce: false,
  NoBridge: false,
  NoRouting: false,
  CheckMac: false,
  CheckIP: false,
  ArpDhcpOnly: false,
  PrivacyFilter: false,
  NoServer: false,
  NoBroadcastLimiter: false,
  MonitorPort: false,
  MaxConnection: 32,
  TimeOut: 20,
  MaxMac: 0,
  MaxIP: 0,
  MaxUpload: 0,
  MaxDownload: 0,
  FixPassword: false,
  MultiLogins: 0,
  NoQoS: false,
  RSandRAFilter: false,
  RAFilter: false,
  DHCPv6Filter: false,
  DHCPv6NoServer: false,
  NoRoutingV6: false,
  CheckIPv6: false,
  NoServerV6: false,
  MaxIPv6: 0,
  NoSavePassword: false,
  AutoDisconnect: 0,
  FilterIPv4: false,
  FilterIPv6: false,
  FilterNonIP: false,
  NoIPv6DefaultRouterInRA: false,
  NoIPv6DefaultRouterInRAWhenIPv6: false,
  VLanId: 0,
});

/** A VPN session of the hub's administrator (SoftEther protocol §6.1). */
export const administratorPolicy: Policy = Object.freeze({
  ...defaultPolicy,
  NoBroadcastLimiter: true,
  MonitorPort: true,
});

/** A client that did not ask for bridge or router mode is held to one machine (SoftEther protocol §6.3). */
export function withoutBridging(policy: Policy): Policy {
  return policy === defaultPolicy ? defaultWithoutBridging : held(policy);
}

const held = (policy: Policy): Policy => ({ ...policy, NoBridge: true, NoRouting: true, NoRoutingV6: true });

/** Of nearly all sessions, which share it. */
const defaultWithoutBridging: Policy = Object.freeze(held(defaultPolicy));

/** Addresses a session may use at once. Infinity = no limit (SoftEther protocol §10.2, §10.3). */
export interface AddressLimits {
  readonly mac: number;
  readonly ipv4: number;
  readonly ipv6: number;
}

const noBridgeMacs = 3;
const minMacs = 3;
const noRoutingIpv4 = 4;
const minIpv4 = 4;
const noRoutingIpv6 = 15;
const minIpv6 = 5;

export function addressLimits(policy: Policy): AddressLimits {
  return {
    mac: limit(policy.NoBridge, noBridgeMacs, policy.MaxMac, minMacs),
    ipv4: limit(policy.NoRouting, noRoutingIpv4, policy.MaxIP, minIpv4),
    ipv6: limit(policy.NoRoutingV6, noRoutingIpv6, policy.MaxIPv6, minIpv6),
  };
}

function limit(isRestricted: boolean, whenRestricted: number, configured: number, atLeast: number): number {
  const most = Math.min(isRestricted ? whenRestricted : Infinity, configured === 0 ? Infinity : configured);
  return Math.max(most, atLeast);
}
