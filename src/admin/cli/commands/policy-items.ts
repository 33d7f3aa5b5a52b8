/** The items of a security policy ("version 3" of SoftEther), in the order in which tools show them. */
export interface PolicyItem {
  /** As on the wire, behind `policy:`. */
  readonly name: string;
  readonly title: string;
  readonly help: string;
  /** undefined = yes or no. */
  readonly range?: PolicyRange;
}

export interface PolicyRange {
  readonly min: number;
  readonly max: number;
  readonly byDefault: number;
  readonly unit: 'seconds' | 'bps' | '';
  /** 0 = no limit. */
  readonly isOptional: boolean;
}

const yesNo = (name: string, title: string, help: string): PolicyItem => ({ name, title, help });

const optional = (
  name: string,
  title: string,
  help: string,
  max: number,
  unit: PolicyRange['unit'] = '',
): PolicyItem => ({ name, title, help, range: { min: 1, max, byDefault: 0, unit, isOptional: true } });

const needed = (name: string, title: string, help: string, range: Omit<PolicyRange, 'isOptional'>): PolicyItem => ({
  name,
  title,
  help,
  range: { ...range, isOptional: false },
});

const MAX_COUNT = 65_535;
const MAX_U32 = 4_294_967_295;

export const policyItems: readonly PolicyItem[] = [
  yesNo('Access', 'Allow Access', 'The user may log in.'),
  yesNo('DHCPFilter', 'Filter DHCP Packets (IPv4)', 'DHCP messages are dropped both ways.'),
  yesNo('DHCPNoServer', 'Disallow DHCP Server Operation (IPv4)', 'The session cannot act as a DHCP server.'),
  yesNo(
    'DHCPForce',
    'Enforce DHCP Allocated IP Addresses (IPv4)',
    'Only addresses that a DHCP server gave may be used.',
  ),
  yesNo('NoBridge', 'Deny Bridge Operation', 'The session cannot bridge another network.'),
  yesNo('NoRouting', 'Deny Routing Operation (IPv4)', 'The session cannot act as a router.'),
  yesNo('CheckMac', 'Deny MAC Addresses Duplication', 'MAC addresses of other sessions cannot be used.'),
  yesNo('CheckIP', 'Deny IP Address Duplication (IPv4)', 'Addresses of other sessions cannot be used.'),
  yesNo(
    'ArpDhcpOnly',
    'Deny Non-ARP / Non-DHCP / Non-ICMPv6 broadcasts',
    'Of broadcasts, only ARP, DHCP and ICMPv6 pass.',
  ),
  yesNo('PrivacyFilter', 'Privacy Filter Mode', 'Sessions that both have this cannot reach each other.'),
  yesNo('NoServer', 'Deny Operation as TCP/IP Server (IPv4)', 'No TCP connection can be made to the session.'),
  yesNo('NoBroadcastLimiter', 'Unlimited Number of Broadcasts', 'Broadcast storms of the session are not limited.'),
  yesNo('MonitorPort', 'Allow Monitoring Mode', 'The user may receive all frames of the hub.'),
  needed('MaxConnection', 'Maximum Number of TCP Connections', 'TCP connections of one session.', {
    min: 1,
    max: 32,
    byDefault: 32,
    unit: '',
  }),
  needed('TimeOut', 'Time-out Period', 'A session that is silent for so long is disconnected.', {
    min: 5,
    max: 60,
    byDefault: 20,
    unit: 'seconds',
  }),
  optional('MaxMac', 'Maximum Number of MAC Addresses', 'MAC addresses of one session.', MAX_COUNT),
  optional('MaxIP', 'Maximum Number of IP Addresses (IPv4)', 'Addresses of one session.', MAX_COUNT),
  optional('MaxUpload', 'Upload Bandwidth', 'What the session may send into the hub.', MAX_U32, 'bps'),
  optional('MaxDownload', 'Download Bandwidth', 'What the session may receive from the hub.', MAX_U32, 'bps'),
  yesNo('FixPassword', 'Deny Changing Password', 'The user cannot change the password from the client.'),
  optional('MultiLogins', 'Maximum Number of Multiple Logins', 'Sessions of the user at a time.', MAX_COUNT),
  yesNo('NoQoS', 'Deny VoIP / QoS Function', 'Voice gets no precedence.'),
  yesNo('RSandRAFilter', 'Filter RS / RA Packets (IPv6)', 'Router solicitations and advertisements are dropped.'),
  yesNo('RAFilter', 'Filter RA Packets (IPv6)', 'Router advertisements are dropped.'),
  yesNo('DHCPv6Filter', 'Filter DHCP Packets (IPv6)', 'DHCPv6 messages are dropped both ways.'),
  yesNo('DHCPv6NoServer', 'Disallow DHCP Server Operation (IPv6)', 'The session cannot act as a DHCPv6 server.'),
  yesNo('NoRoutingV6', 'Deny Routing Operation (IPv6)', 'The session cannot act as an IPv6 router.'),
  yesNo('CheckIPv6', 'Deny IP Address Duplication (IPv6)', 'IPv6 addresses of other sessions cannot be used.'),
  yesNo(
    'NoServerV6',
    'Deny Operation as TCP/IP Server (IPv6)',
    'No TCP connection over IPv6 can be made to the session.',
  ),
  optional('MaxIPv6', 'Maximum Number of IP Addresses (IPv6)', 'IPv6 addresses of one session.', MAX_COUNT),
  yesNo('NoSavePassword', 'Disallow Password Save in VPN Client', 'The client asks for the password every time.'),
  optional('AutoDisconnect', 'VPN Client Automatic Disconnect', 'The session ends after so long.', MAX_U32, 'seconds'),
  yesNo('FilterIPv4', 'Filter All IPv4 Packets', 'IPv4 and ARP are dropped.'),
  yesNo('FilterIPv6', 'Filter All IPv6 Packets', 'IPv6 is dropped.'),
  yesNo('FilterNonIP', 'Filter All Non-IP Packets', 'Everything but IPv4, ARP and IPv6 is dropped.'),
  yesNo('NoIPv6DefaultRouterInRA', 'No Default-Router on IPv6 RA', 'Router advertisements name no default router.'),
  yesNo(
    'NoIPv6DefaultRouterInRAWhenIPv6',
    'No Default-Router on IPv6 RA (physical IPv6)',
    'The same, only for clients that connect over IPv6.',
  ),
  optional('VLanId', 'VLAN ID (IEEE802.1Q)', 'Frames of the session carry this VLAN tag in the hub.', 4095),
];

const withUnit = (value: number, unit: string): string => (unit === '' ? String(value) : `${value} ${unit}`);

export function policyValueText({ range }: PolicyItem, value: number): string {
  if (range === undefined) return value === 0 ? 'No' : 'Yes';
  return value === 0 && range.isOptional ? '-' : withUnit(value, range.unit);
}

export function policyRangeText({ range }: PolicyItem): string {
  if (range === undefined) return 'yes or no';
  const span = `Range from ${withUnit(range.min, range.unit)} to ${withUnit(range.max, range.unit)}`;
  return `${span} (${range.isOptional ? 'if 0 is specified, nothing is set' : '0 cannot be specified'})`;
}

/** The item of this name, or the first whose name begins so. */
export function findPolicyItem(typed: string): PolicyItem | undefined {
  const lower = typed.toLowerCase();
  const exact = policyItems.find(({ name }) => name.toLowerCase() === lower);
  return exact ?? policyItems.find(({ name }) => lower !== '' && name.toLowerCase().startsWith(lower));
}
