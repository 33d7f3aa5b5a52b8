/**
 * What the backplane keeps of Virtual Hubs: `cfg/hub/<H>` and `cfg/hub/<H>/user/<U>`, JSON.
 * Keys hold the upper-cased hub name and the lower-cased user name (both compare without case, as in SoftEther);
 * the record has the name as it was typed. Hashes are lower-case hex. Times are unix milliseconds, 0 = never.
 */
export type HubKind = 'standalone' | 'static' | 'dynamic';

/**
 * What a hub is in a cluster: one that was made on a stand-alone server is dynamic there, as in the original. On a
 * stand-alone server every hub is `standalone`. The record keeps what it was made as, so a server that leaves its cluster
 * and one that comes back find their hubs as they were.
 */
export function kindInCluster(kind: HubKind): 'static' | 'dynamic' {
  return kind === 'static' ? 'static' : 'dynamic';
}

export interface HubRecord {
  readonly name: string;
  readonly kind: HubKind;
  readonly isOnline: boolean;
  /** 0 = unlimited. */
  readonly maxSessions: number;
  /** Hidden from the `enum_hub` list that anybody may ask for. */
  readonly isHiddenFromEnum: boolean;
  /** SHA-0(password): hub administration. 40 hex digits. */
  readonly hashedPassword: string;
  /** SHA-0(password ‖ ADMINISTRATOR): VPN log-in as Administrator. 40 hex digits. */
  readonly securePassword: string;
  /** Shown to clients at log-in; empty = none. */
  readonly message: string;
  readonly createdAtMs: number;
}

export type UserAuth =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'password';
      /** SHA-0(password ‖ USERNAME) */ readonly hashedKey: string;
      /** MD4(UTF-16LE), may be zeros */ readonly ntHash: string;
    }
  | { readonly kind: 'userCertificate'; /** DER, base64 */ readonly certificate: string }
  | { readonly kind: 'signedCertificate'; readonly commonName: string; /** hex, empty = any */ readonly serial: string }
  | { readonly kind: 'radius'; readonly radiusName: string }
  | { readonly kind: 'ntDomain'; readonly ntName: string };

export interface UserRecord {
  readonly name: string;
  readonly groupName: string;
  readonly realName: string;
  readonly note: string;
  readonly auth: UserAuth;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** 0 = never expires. */
  readonly expiresAtMs: number;
  /** undefined = the group's policy, else the default. */
  readonly policy: Policy | undefined;
}

/** Security policy, the 38 items of SoftEther "Ver 3" (softether-protocol §4.4). Names as on the wire. */
export interface Policy {
  readonly Access: boolean;
  readonly DHCPFilter: boolean;
  readonly DHCPNoServer: boolean;
  readonly DHCPForce: boolean;
  readonly NoBridge: boolean;
  readonly NoRouting: boolean;
  readonly CheckMac: boolean;
  readonly CheckIP: boolean;
  readonly ArpDhcpOnly: boolean;
  readonly PrivacyFilter: boolean;
  readonly NoServer: boolean;
  readonly NoBroadcastLimiter: boolean;
  readonly MonitorPort: boolean;
  /** 1..32 */
  readonly MaxConnection: number;
  /** Seconds, 5..60. */
  readonly TimeOut: number;
  /** 0 = unlimited, as all that follow with Max. */
  readonly MaxMac: number;
  readonly MaxIP: number;
  /** bit/s */
  readonly MaxUpload: number;
  /** bit/s */
  readonly MaxDownload: number;
  readonly FixPassword: boolean;
  readonly MultiLogins: number;
  readonly NoQoS: boolean;
  readonly RSandRAFilter: boolean;
  readonly RAFilter: boolean;
  readonly DHCPv6Filter: boolean;
  readonly DHCPv6NoServer: boolean;
  readonly NoRoutingV6: boolean;
  readonly CheckIPv6: boolean;
  readonly NoServerV6: boolean;
  readonly MaxIPv6: number;
  readonly NoSavePassword: boolean;
  /** Seconds; 0 = never. */
  readonly AutoDisconnect: number;
  readonly FilterIPv4: boolean;
  readonly FilterIPv6: boolean;
  readonly FilterNonIP: boolean;
  readonly NoIPv6DefaultRouterInRA: boolean;
  readonly NoIPv6DefaultRouterInRAWhenIPv6: boolean;
  /** 0 = none, else 1..4095. */
  readonly VLanId: number;
}
