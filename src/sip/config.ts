import { defaultNatPingSettings } from './proxy/nat-pinger.ts';
import { defaultProxySettings } from './proxy/settings.ts';
import { defaultRegistrarSettings } from './registrar/limits.ts';
import { defaultTimerSettings } from './transaction/times.ts';
import { allDigestAlgorithms, defaultDigestAlgorithms, defaultNonceLifetimeS } from './accounts/settings.ts';
import type { Balancer, FarmSetting, ProcessingSetting } from './roles/settings.ts';
import type { SipListenAddress } from './transport/settings.ts';

/** What an administrator sets of the SIP server, in the units of the configuration file. */
export interface SipConfig {
  /** UDP and TCP. undefined = port 5060 on every address; empty = no SIP. */
  readonly listen: readonly SipListenAddress[] | undefined;
  /** undefined = none. */
  readonly tls: readonly SipListenAddress[] | undefined;
  readonly ws: readonly SipListenAddress[] | undefined;
  readonly wss: readonly SipListenAddress[] | undefined;
  /**
   * Members of one server listen on the same ports, and the kernel spreads the senders. undefined = unless there are as many
   * places as members.
   */
  readonly sharePorts: boolean | undefined;
  /** The part of this server in the SIP Farm, see `FarmSettings`; undefined = what is set for the cluster. */
  readonly farm: FarmSetting;
  readonly signals: ProcessingSetting;
  readonly callLegs: ProcessingSetting;
  readonly virtualAddresses: readonly string[] | undefined;
  readonly balancer: Balancer | undefined;
  readonly wanAddress: string | undefined;
  readonly lanNetworks: readonly string[] | undefined;
  /** Where other members of the farm hand messages over, by UDP; undefined = `defaultRelayPort`. */
  readonly relayListen: SipListenAddress | undefined;
  readonly names: readonly string[] | undefined;
  /** Networks, `192.0.2.0/24`. */
  readonly trusted: readonly string[] | undefined;
  readonly relay: 'clients' | 'authenticated' | 'anybody';
  readonly recordRoute: 'always' | 'nat' | 'never';
  /** How telephones behind NATs that have registered by UDP are kept reachable, each once in `natPingS` seconds. */
  readonly natPing: 'options' | 'crlf' | 'none';
  readonly natPingS: number;
  readonly minExpiresS: number;
  readonly maxExpiresS: number;
  readonly defaultExpiresS: number;
  readonly contactsPerAccount: number;
  readonly nonceLifetimeS: number;
  /** Which algorithms are offered: SHA-512-256, SHA-256 and MD5; the latter two; or one of them. */
  readonly digest: 'all' | 'both' | 'SHA-256' | 'MD5';
  readonly t1Ms: number;
  readonly t2Ms: number;
  /** 0 = 64 × T1. */
  readonly timerBMs: number;
  readonly timerCMs: number;
  /** The byte of IP_TOS; undefined = as the system does. */
  readonly tos: number | undefined;
  readonly connectionIdleMs: number;
  readonly verifyServers: boolean;
  /** False: UDP one datagram to a system call, also where many are possible. */
  readonly batchedUdp: boolean;
  /** undefined = those of this machine. */
  readonly nameServers: readonly string[] | undefined;
  readonly callRecords: boolean;
}

export const defaultSipPort = 5060;
/** For the first member of a server; the next ones listen on the ports after it. */
export const defaultRelayPort = 5570;

export const defaultSipConfig: SipConfig = Object.freeze({
  listen: undefined,
  tls: undefined,
  ws: undefined,
  wss: undefined,
  sharePorts: undefined,
  farm: 'auto',
  signals: 'auto',
  callLegs: 'auto',
  virtualAddresses: undefined,
  balancer: undefined,
  wanAddress: undefined,
  lanNetworks: undefined,
  relayListen: undefined,
  names: undefined,
  trusted: undefined,
  relay: 'clients',
  recordRoute: defaultProxySettings.recordRoute,
  natPing: defaultNatPingSettings.method,
  natPingS: defaultNatPingSettings.periodS,
  minExpiresS: defaultRegistrarSettings.minExpiresS,
  maxExpiresS: defaultRegistrarSettings.maxExpiresS,
  defaultExpiresS: defaultRegistrarSettings.defaultExpiresS,
  contactsPerAccount: defaultRegistrarSettings.contactsPerAccount,
  nonceLifetimeS: defaultNonceLifetimeS,
  // baresip 1.0 and SIPp 3.6 give up at a challenge that has SHA-256 beside MD5, in whatever order.
  digest: 'MD5',
  t1Ms: defaultTimerSettings.t1Ms,
  t2Ms: defaultTimerSettings.t2Ms,
  timerBMs: 0,
  timerCMs: defaultProxySettings.timerCMs,
  tos: undefined,
  // A telephone registers once an hour by default, and says nothing in between.
  connectionIdleMs: 3_900_000,
  verifyServers: true,
  batchedUdp: true,
  nameServers: undefined,
  callRecords: true,
});

export const digestAlgorithmsOf = ({ digest }: SipConfig): typeof defaultDigestAlgorithms =>
  digest === 'all' ? allDigestAlgorithms : digest === 'both' ? defaultDigestAlgorithms : [digest];

/** Whether the members of a server listen on the same places. */
export function sharesPorts(
  { sharePorts, listen }: Pick<SipConfig, 'sharePorts' | 'listen'>,
  { count }: { readonly count: number },
): boolean {
  if (count === 1) return false;
  return sharePorts ?? listen?.length !== count;
}

/** The member's share of the places to listen at: see `sharePorts`. */
export function listenOf(
  addresses: readonly SipListenAddress[] | undefined,
  seat: { readonly index: number; readonly count: number },
  isShared: boolean,
): readonly SipListenAddress[] {
  const { index, count } = seat;
  if (addresses === undefined) return [];
  if (isShared || count === 1) return addresses;
  // As many as there are members: one for each.
  if (addresses.length === count) return addresses.slice(index, index + 1);
  return addresses.map(({ host, port }) => ({ host, port: port + index }));
}
