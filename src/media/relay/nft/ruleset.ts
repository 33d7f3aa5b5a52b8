import { formatIpAddress, parseIpAddress } from '#base';
import type { KernelChannel, KernelEnd } from '../kernel-relay.ts';
import type { MediaAddress } from '../relay.ts';

/**
 * How the kernel forwards a channel. Each has a conntrack zone of its own: packets of a party (source and local port, looked
 * up in `z4`/`z6` before conntrack sees them) are a flow of that zone, whose first packet is given its new destination by
 * `d4`/`d6` and its new source by `s4`/`s6`. So what conntrack knew of the two parties before does not matter, and when the
 * elements are gone the next packet is of zone 0 again and comes to our socket: no entry of conntrack has to be deleted, and
 * the left ones expire unseen. The counters in `z4`/`z6` count every packet, those in `d4`/`d6` only what begins a flow.
 *
 * The table has an owner: the kernel lets nobody else change or flush it, and removes it when the `nft` that made it ends,
 * which that does when its input closes. So nothing is left behind, whatever becomes of us.
 */
const TOKEN = /^[0-9A-Za-z_]{1,64}$/;

/** @param token of this member; `boot` tells servers of one host apart. */
export function tableName(token: string, boot: string): string {
  const name = `hubfarm_media_${token}_${boot}`;
  if (!TOKEN.test(`${token}_${boot}`)) throw new Error(`"${name}" is no name for a table`);
  return name;
}

/** Seconds after which conntrack forgets a flow: the next packet makes it anew, as long as its elements are there. */
const FLOW_TIMEOUT_S = 30;
/** Ahead of what other programs (containers, firewalls) translate. */
const DESTINATION_PRIORITY = -110;
const SOURCE_PRIORITY = 90;
const BEFORE_CONNTRACK = -300;

/** Lines for `nft -i`, each a transaction. @param typeOfService byte of IP_TOS: what leaves is marked with its class. */
export function createTable(table: string, typeOfService: number | undefined): readonly string[] {
  const dscp = (protocol: string): string =>
    typeOfService === undefined ? '' : ` ${protocol} dscp set ${typeOfService >> 2}`;
  const families = (['ip', 'ip6'] as const).map((ip) => [ip, ip === 'ip' ? '4' : '6'] as const);
  const chain = (name: string, hook: string): string =>
    `add chain inet ${table} ${name} { type ${hook}; policy accept; }`;
  return [
    [
      `add table inet ${table} { flags owner; }`,
      `add set inet ${table} fence { type mark; }`,
      ...families.flatMap(([ip, n]) => [
        `add map inet ${table} z${n} { typeof ${ip} saddr . udp sport . ${ip} daddr . udp dport : ct zone; counter; }`,
        `add map inet ${table} d${n} { typeof ct zone . ${ip} saddr . udp sport : ${ip} daddr . udp dport; counter; }`,
        `add map inet ${table} s${n} { typeof ct zone . ${ip} saddr . udp sport : ${ip} saddr . udp sport; }`,
      ]),
      `add ct timeout inet ${table} rtp4 { protocol udp; l3proto ip; policy = { unreplied : ${FLOW_TIMEOUT_S}, replied : ${FLOW_TIMEOUT_S} }; }`,
      `add ct timeout inet ${table} rtp6 { protocol udp; l3proto ip6; policy = { unreplied : ${FLOW_TIMEOUT_S}, replied : ${FLOW_TIMEOUT_S} }; }`,
      chain('zone', `filter hook prerouting priority ${BEFORE_CONNTRACK}`),
      chain('destination', `nat hook prerouting priority ${DESTINATION_PRIORITY}`),
      chain('source', `nat hook postrouting priority ${SOURCE_PRIORITY}`),
      ...families.flatMap(([ip, n]) => [
        `add rule inet ${table} zone ct zone set ${ip} saddr . udp sport . ${ip} daddr . udp dport map @z${n}${dscp(ip)}`,
        `add rule inet ${table} destination ct zone . ${ip} saddr . udp sport @s${n} ct timeout set "rtp${n}"`,
        `add rule inet ${table} destination meta l4proto udp dnat ${ip} to ct zone . ${ip} saddr . udp sport map @d${n}`,
        `add rule inet ${table} source meta l4proto udp snat ${ip} to ct zone . ${ip} saddr . udp sport map @s${n}`,
      ]),
    ].join('; '),
  ];
}

/** The version of IP that both parties and both local addresses have in common; undefined: there is none. */
export function familyOf({ a, b }: KernelChannel): 4 | 6 | undefined {
  const addresses = [a.remote, a.local, b.remote, b.local].map(({ address }) => address);
  // Link-local addresses are of one interface only, which a map does not know.
  if (addresses.some((address) => address.includes('%') || address === '0.0.0.0' || address === '::')) return undefined;
  const sixes = addresses.filter((address) => address.includes(':')).length;
  if (sixes === 0) return 4;
  return sixes === addresses.length ? 6 : undefined;
}

/** As `nft` prints it. */
function at({ address, port }: MediaAddress): string {
  const bytes = parseIpAddress(address);
  return `${bytes === undefined ? address : (formatIpAddress(bytes) ?? address)} . ${port}`;
}

/** Keys of an end in `z4` or `z6`, and in `d4` or `d6`. */
export const endKey = ({ remote, local }: KernelEnd): string => `${at(remote)} . ${at(local)}`;
export const flowKey = (zone: number, { remote }: KernelEnd): string => `${zone} . ${at(remote)}`;

export function addChannel(table: string, channel: KernelChannel, zone: number): string {
  const { a, b } = channel;
  const n = familyOf(channel);
  const add = (map: string, one: string, other: string): string =>
    `add element inet ${table} ${map}${n} { ${one}, ${other} }`;
  return [
    add('z', `${endKey(a)} : ${zone}`, `${endKey(b)} : ${zone}`),
    add('d', `${zone} . ${at(a.remote)} : ${at(b.remote)}`, `${zone} . ${at(b.remote)} : ${at(a.remote)}`),
    add('s', `${zone} . ${at(a.remote)} : ${at(b.local)}`, `${zone} . ${at(b.remote)} : ${at(a.local)}`),
  ].join('; ');
}

export function removeChannel(table: string, channel: KernelChannel, zone: number): string {
  const { a, b } = channel;
  const n = familyOf(channel);
  const remove = (map: string, one: string, other: string): string =>
    `delete element inet ${table} ${map}${n} { ${one}, ${other} }`;
  const keys = [`${zone} . ${at(a.remote)}`, `${zone} . ${at(b.remote)}`] as const;
  return [remove('z', endKey(a), endKey(b)), remove('d', ...keys), remove('s', ...keys)].join('; ');
}

/** In the same transaction as what comes before it on a line: what the set holds then tells whether it was carried out. */
export const setFence = (table: string, number: number): string =>
  `flush set inet ${table} fence; add element inet ${table} fence { ${number} }`;

export const listFence = (table: string): string => `list set inet ${table} fence`;
export const listMap = (table: string, map: string): string => `list map inet ${table} ${map}`;
