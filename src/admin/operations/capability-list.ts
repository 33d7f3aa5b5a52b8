import type { AdminContext, ServerLimits } from './context.ts';
import { serverRole } from './server-role.ts';

export interface Capability {
  readonly name: string;
  readonly about: string;
  readonly value: number;
}

const UNLIMITED = 0xffff_ffff;
const MAX_FRAME_BYTES = 1600;

/** What a client may offer its user. What is not there yet says 0; the names are the original's, spelling included. */
export function capabilities(context: AdminContext): readonly Capability[] {
  const figures: Figures = {
    ...context.info.limits,
    bridges: context.bridges.isSupported ? 1 : 0,
    cluster: context.cluster === undefined ? 0 : 1,
    logs: context.logs === undefined ? 0 : 1,
    role: serverRole(context),
  };
  return rows.map(([name, about, value]) => ({
    name,
    about,
    value: typeof value === 'number' ? value : value(figures),
  }));
}

type Figures = ServerLimits & {
  readonly bridges: number;
  readonly cluster: number;
  readonly logs: number;
  readonly role: ReturnType<typeof serverRole>;
};

const isRole =
  (role: Figures['role']) =>
  (figures: Figures): number =>
    figures.role === role ? 1 : 0;
/** Hubs and users are administered at the controller. */
const unlessMember =
  (figure: (figures: Figures) => number) =>
  (figures: Figures): number =>
    figures.role === 'member' ? 0 : figure(figures);

const rows: readonly (readonly [name: string, about: string, value: number | ((figures: Figures) => number)])[] = [
  ['i_max_packet_size', 'largest Ethernet frame, bytes', MAX_FRAME_BYTES],
  ['i_max_hubs', 'Virtual Hubs', (figures) => figures.maxHubs],
  ['i_max_sessions', 'sessions in all', (figures) => figures.maxSessions],
  ['i_max_user_creation', 'users in all', UNLIMITED],
  ['i_max_clients', 'client connections in all', UNLIMITED],
  ['i_max_bridges', 'bridge connections in all', UNLIMITED],
  ['i_max_users_per_hub', 'users of one hub', unlessMember((figures) => figures.maxUsersPerHub)],
  ['i_max_groups_per_hub', 'groups of one hub', 0],
  ['i_max_access_lists', 'access list entries of one hub', 0],
  ['i_max_mac_tables', 'MAC address entries of one hub', (figures) => figures.maxMacEntries],
  ['i_max_ip_tables', 'IP address entries of one hub', (figures) => figures.maxIpEntries],
  ['i_max_secnat_tables', 'NAT entries of one hub', 0],
  ['i_max_l3_sw', 'virtual layer 3 switches', 0],
  ['i_max_l3_if', 'interfaces of one layer 3 switch', 0],
  ['i_max_l3_table', 'routes of one layer 3 switch', 0],
  ['b_bridge', 'this is a bridge-only product', 0],
  ['b_standalone', 'stand-alone server', isRole('standalone')],
  ['b_cluster_controller', 'cluster controller', isRole('controller')],
  ['b_cluster_member', 'cluster member', isRole('member')],
  ['b_cluster_hub_type_fixed', 'the type of a hub cannot be changed', isRole('standalone')],
  ['b_vpn_client_connect', 'VPN clients may connect', 1],
  ['b_local_bridge', 'local bridges', (figures) => figures.bridges],
  ['b_must_install_pcap', 'local bridges need a capture driver installed first', 0],
  ['b_tap_supported', 'local bridges to new TAP interfaces', (figures) => figures.bridges],
  ['b_support_config_hub', 'hubs can be changed here', unlessMember(() => 1)],
  ['b_support_config_rw', 'configuration can be read and written', 1],
  ['b_support_hide_hub', 'hubs can be hidden from the list', 1],
  ['b_support_msg', 'message at log-in', 1],
  ['b_support_policy_ver_3', 'policies of version 3', 1],
  ['b_support_limit_multilogin', 'limit of sessions per user', 1],
  ['b_support_cluster', 'cluster', (figures) => figures.cluster],
  ['b_support_cluster_admin', 'administration of cluster members', (figures) => figures.cluster],
  ['b_support_radius', 'RADIUS and NT domain authentication', 0],
  ['b_support_radius_retry_interval_and_several_servers', 'several RADIUS servers', 0],
  ['b_support_securenat', 'SecureNAT', 0],
  ['b_suppport_push_route', 'DHCP push routes', 0],
  ['b_suppport_push_route_config', 'setting of DHCP push routes', 0],
  ['b_virtual_nat_disabled', 'SecureNAT without NAT', 0],
  ['b_support_cascade', 'outgoing cascade connections', 0],
  ['b_support_cascade_cert', 'cascades check the server certificate', 0],
  ['b_support_cascade_client_cert', 'cascades with a client certificate', 0],
  ['b_support_rename_cascade', 'cascades can be renamed', 0],
  ['b_support_config_log', 'log files of hubs', 0],
  ['b_support_autodelete', 'old log files are deleted', 0],
  ['b_support_read_log', 'log files can be read', (figures) => figures.logs],
  ['b_support_syslog', 'syslog', 0],
  ['b_support_ipsec', 'L2TP, IPsec and EtherIP', 0],
  ['b_support_sstp', 'SSTP', 0],
  ['b_support_openvpn', 'OpenVPN', 0],
  ['b_support_ddns', 'dynamic DNS', 0],
  ['b_support_ddns_proxy', 'dynamic DNS through a proxy', 0],
  ['b_support_special_listener', 'VPN over ICMP and DNS', 0],
  ['b_support_azure', 'VPN Azure', 0],
  ['b_support_layer3', 'virtual layer 3 switch', 0],
  ['b_support_vlan', 'VLAN per user', 0],
  ['b_support_eth_vlan', 'VLAN pass-through of interfaces', 0],
  ['b_support_crl', 'revoked certificates', 0],
  ['b_support_ac', 'source address control', 0],
  ['b_support_ipv6_ac', 'source address control for IPv6', 0],
  ['b_support_acl_group', 'access lists by group', 0],
  ['b_support_ipv6_acl', 'access lists for IPv6', 0],
  ['b_support_ex_acl', 'access lists with delay, jitter and loss', 0],
  ['b_support_redirect_url_acl', 'access lists that redirect web access', 0],
  ['b_support_check_mac', 'access lists by MAC address', 0],
  ['b_support_check_tcp_state', 'access lists by TCP state', 0],
  ['b_support_hub_admin_option', 'administration options of hubs', 0],
  ['b_support_hub_ext_options', 'extended options of hubs', 0],
  ['b_support_qos', 'priority for small packets', 0],
  ['b_support_udp_acceleration', 'UDP acceleration', 0],
  ['b_support_aes_ni', 'AES in hardware', 0],
  ['b_is_in_vm', 'runs in a virtual machine', 0],
  ['b_is_softether', 'speaks the SoftEther protocol', 1],
  ['b_vpn3', 'VPN 3 or later', 1],
  ['b_vpn4', 'VPN 4 or later', 1],
];

/** In the order of the list. */
export const capabilityNames: readonly string[] = rows.map(([name]) => name);
