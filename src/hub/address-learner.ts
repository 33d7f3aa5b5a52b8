import { IpTable, type IpKey } from './ip-table.ts';
import type { HubLimits } from './limits.ts';
import type { HubPort } from './port.ts';

const ipv4Type = 0x0800;
const arpType = 0x0806;
const ipv6Type = 0x86dd;
const udp = 17;
const icmpv6 = 58;

/** Slots for addresses that were let through in this second. A power of two. */
const recentSlots = 256;

export interface AddressLearnerOptions {
  readonly limits: HubLimits;
  readonly seed: number;
  readonly portOf: (id: number) => HubPort | undefined;
  /** The port on which a MAC address was last seen. */
  readonly portOfMac: (hi: number, lo: number) => HubPort | undefined;
}

/** Learns the IP addresses behind ports from the frames that they send, and enforces the limits on them (§10.3). */
export class AddressLearner {
  readonly table: IpTable;
  readonly #options: AddressLearnerOptions;
  // Which IPv4 address was let through on which port, and when: the same again needs no look at the table. One slot per
  // hash, the last one wins.
  readonly #recentIp = new Int32Array(recentSlots);
  readonly #recentPort = new Int32Array(recentSlots);
  readonly #recentTick = new Int32Array(recentSlots).fill(-1);

  constructor(options: AddressLearnerOptions) {
    this.#options = options;
    this.table = new IpTable(options.limits, options.seed, (id, ip) => {
      if (typeof ip === 'number') this.#recentTick[recentSlot(ip)] = -1;
      const port = options.portOf(id);
      if (port === undefined) return;
      port.lastIpv6Tick = -1;
      if (typeof ip === 'number') port.ipv4Count--;
      else port.ipv6Count--;
    });
  }

  /** The port is gone, its id may be given to another one. */
  forget(port: HubPort): void {
    if (port.ipv4Count + port.ipv6Count > 0) this.table.removePort(port.id);
    for (let slot = 0; slot < recentSlots; slot++) {
      if (this.#recentPort[slot] === port.id) this.#recentTick[slot] = -1;
    }
  }

  /** buf[at, at + size) is a frame sent by `port`. False = the port may not use that source address: drop it. */
  admits(port: HubPort, buf: Buffer, at: number, size: number, tick: number): boolean {
    const type = (buf[at + 12]! << 8) | buf[at + 13]!;
    if (type === ipv4Type) {
      if (size < 34) return true;
      const source = (buf[at + 26]! << 24) | (buf[at + 27]! << 16) | (buf[at + 28]! << 8) | buf[at + 29]!;
      if (buf[at + 23] === udp && this.#isDhcp(buf, at, size, tick)) return true;
      return this.isRecent(source, port.id, tick) || this.#admitsIpv4(port, buf, at, source, tick);
    }
    if (type === arpType) {
      // Ethernet and IPv4 only (RFC 826): hardware type 1, protocol 0800, lengths 6 and 4.
      if (size < 42 || buf.readUInt32BE(at + 14) !== 0x0001_0800 || buf.readUInt16BE(at + 18) !== 0x0604) return true;
      return this.#use(port, buf, at, buf.readInt32BE(at + 28), tick);
    }
    if (type === ipv6Type && size >= 54) return this.#admitsIpv6(port, buf, at, size, tick);
    return true;
  }

  /** The address was let through on this port in this second. */
  isRecent(ip: number, port: number, tick: number): boolean {
    const slot = recentSlot(ip);
    return this.#recentIp[slot] === ip && this.#recentPort[slot] === port && this.#recentTick[slot] === tick;
  }

  #admitsIpv4(port: HubPort, buf: Buffer, at: number, source: number, tick: number): boolean {
    if (!this.#use(port, buf, at, source, tick)) return false;
    const slot = recentSlot(source);
    this.#recentIp[slot] = source;
    this.#recentPort[slot] = port.id;
    this.#recentTick[slot] = tick;
    return true;
  }

  /** What a client without an address sends, and a server answers, teaches nothing by its source (RFC 2131 §4.1). */
  #isDhcp(buf: Buffer, at: number, size: number, tick: number): boolean {
    const header = (buf[at + 14]! & 15) * 4;
    const ports = at + 14 + header;
    if (header < 20 || ports + 8 > at + size) return false;
    const from = (buf[ports]! << 8) | buf[ports + 1]!;
    const to = (buf[ports + 2]! << 8) | buf[ports + 3]!;
    if ((from !== 67 && from !== 68) || (to !== 67 && to !== 68)) return false;
    if (from === 67) this.#learnLease(buf, ports + 8, at + size, tick);
    return true;
  }

  #admitsIpv6(port: HubPort, buf: Buffer, at: number, size: number, tick: number): boolean {
    const a = buf.readInt32BE(at + 22);
    const b = buf.readInt32BE(at + 26);
    const c = buf.readInt32BE(at + 30);
    const d = buf.readInt32BE(at + 34);
    const last = port.lastIpv6;
    if (d === last[3] && c === last[2] && b === last[1] && a === last[0] && port.lastIpv6Tick === tick) return true;
    // No source: multicast, unspecified and loopback addresses (RFC 4291 §2.7, §2.5.2, §2.5.3)
    if (a >>> 24 === 0xff || (a === 0 && b === 0 && c === 0 && (d === 0 || d === 1))) return true;
    const source = buf.toString('latin1', at + 22, at + 38);
    if (!this.#use(port, buf, at, source, tick, isIpv6Configuration(buf, at, size))) return false;
    last[0] = a;
    last[1] = b;
    last[2] = c;
    last[3] = d;
    port.lastIpv6Tick = tick;
    return true;
  }

  #use(port: HubPort, buf: Buffer, at: number, ip: IpKey, tick: number, isExempt = false): boolean {
    if (ip === 0 || ip === -1) return true;
    const { table } = this;
    const isIpv6 = typeof ip === 'string';
    const owner = table.find(ip);
    const { policy } = port.session;
    if (owner === -1) {
      if (!isIpv6 && policy.DHCPForce) return false;
      const count = isIpv6 ? port.ipv6Count : port.ipv4Count;
      if (!isExempt && count >= (isIpv6 ? port.limits.ipv6 : port.limits.ipv4)) return false;
      if (!isManaged(ip)) return true;
    } else if (owner !== port.id) {
      const isExclusive = isIpv6 ? policy.CheckIPv6 : policy.CheckIP || policy.DHCPForce;
      if (isExclusive && table.updatedTick(ip) + this.#options.limits.exclusiveSeconds >= tick) return false;
      if (!isIpv6 && policy.DHCPForce && !table.isDhcpAllocated(ip)) return false;
    }
    const hi = buf.readUInt16BE(at + 6);
    const lo = buf.readInt32BE(at + 8);
    if (table.set(ip, port.id, hi, lo, tick)) countAddress(port, isIpv6);
    return true;
  }

  /** A DHCPACK names the client's hardware address and the address that it was given (RFC 2131 §2). */
  #learnLease(buf: Buffer, at: number, end: number, tick: number): void {
    if (end - at < 240 || buf[at] !== 2 || buf.readUInt16BE(at + 1) !== 0x0106 || !isAck(buf, at + 236, end)) return;
    const ip = buf.readInt32BE(at + 16);
    if (ip === 0 || ip === -1) return;
    const hi = buf.readUInt16BE(at + 28);
    const lo = buf.readInt32BE(at + 30);
    const port = this.#options.portOfMac(hi, lo);
    if (port !== undefined && this.table.setDhcpAllocated(ip, port.id, hi, lo, tick)) countAddress(port, false);
  }
}

function recentSlot(ip: number): number {
  return Math.imul(ip, 0x9e37_79b1) >>> 24;
}

function countAddress(port: HubPort, isIpv6: boolean): void {
  if (isIpv6) port.ipv6Count++;
  else port.ipv4Count++;
}

/** Options from the magic cookie on: message type 53 is 5 (RFC 2132 §9.6). */
function isAck(buf: Buffer, at: number, end: number): boolean {
  if (buf.readUInt32BE(at) !== 0x6382_5363) return false;
  for (let option = at + 4; option + 1 < end && buf[option] !== 255;) {
    if (buf[option] === 0) {
      option++;
      continue;
    }
    if (buf[option] === 53) return option + 2 < end && buf[option + 2] === 5;
    option += 2 + buf[option + 1]!;
  }
  return false;
}

/** Router solicitation and advertisement, DHCPv6: they pass whatever the limit on addresses. */
function isIpv6Configuration(buf: Buffer, at: number, size: number): boolean {
  const next = buf[at + 20];
  if (next === icmpv6 && size >= 55) return buf[at + 54] === 133 || buf[at + 54] === 134;
  if (next !== udp || size < 58) return false;
  const to = buf.readUInt16BE(at + 56);
  return to === 546 || to === 547;
}

/** Only private IPv4 and link-local IPv6 addresses are recorded: ManageOnlyPrivateIP, ManageOnlyLocalUnicastIPv6. */
function isManaged(ip: IpKey): boolean {
  if (typeof ip === 'string') return ip.charCodeAt(0) === 0xfe && (ip.charCodeAt(1) & 0xc0) === 0x80;
  const high = ip >>> 16;
  return (
    high >>> 8 === 10 || // RFC 1918
    (high & 0xfff0) === 0xac10 ||
    high === 0xc0a8 ||
    high === 0xa9fe || // RFC 3927
    (high & 0xffc0) === 0x6440 // RFC 6598
  );
}
