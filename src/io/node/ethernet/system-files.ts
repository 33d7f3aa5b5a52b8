import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { interfaceFlag } from './interface-request.ts';

/** <linux/if_arp.h> ARPHRD_ETHER */
const ethernetType = '1';
const filteredProtocols = ['iptables', 'ip6tables', 'arptables'];

/** What /sys and /proc say of the interfaces of this network namespace. */
export class SystemFiles {
  readonly #interfaces: string;
  readonly #settings: string;

  /** `root` is another directory in tests. */
  constructor(root = '/') {
    this.#interfaces = join(root, 'sys/class/net');
    this.#settings = join(root, 'proc/sys/net');
  }

  /** Interfaces that carry Ethernet frames, in the order of their names. */
  ethernetInterfaces(): string[] {
    if (!existsSync(this.#interfaces)) return [];
    return readdirSync(this.#interfaces)
      .filter((name) => this.isEthernet(name))
      .sort();
  }

  isEthernet(name: string): boolean {
    const flags = Number(this.#text(this.#interfaces, name, 'flags') ?? 0);
    return this.#text(this.#interfaces, name, 'type') === ethernetType && (flags & interfaceFlag.noArp) === 0;
  }

  isWireless(name: string): boolean {
    return this.#has(name, 'wireless');
  }

  /** The interface (a bond, a bridge, …) that `name` is a part of. */
  masterOf(name: string): string | undefined {
    try {
      return basename(readlinkSync(join(this.#interfaces, name, 'master')));
    } catch {
      return undefined;
    }
  }

  /** The bond that `name` is a part of. */
  bondOf(name: string): string | undefined {
    const master = this.masterOf(name);
    return master !== undefined && this.#has(master, 'bonding') ? master : undefined;
  }

  /** The Linux bridge that `name` is, or is a port of. */
  bridgeOf(name: string): string | undefined {
    if (this.#has(name, 'bridge')) return name;
    const master = this.masterOf(name);
    return master !== undefined && this.#has(master, 'bridge') ? master : undefined;
  }

  /**
   * What hands the frames of Linux bridges to the packet filter of the host, which knows nothing of our network and often
   * drops what it does not know (Docker and libvirt switch it on).
   */
  bridgeFilterNotices(bridge: string): string[] {
    const calls = filteredProtocols.filter(
      (protocol) =>
        this.#text(this.#settings, 'bridge', `bridge-nf-call-${protocol}`) === '1' ||
        this.#text(this.#interfaces, bridge, 'bridge', `nf_call_${protocol}`) === '1',
    );
    if (calls.length === 0) return [];
    const settings = calls.map((protocol) => `net.bridge.bridge-nf-call-${protocol}=0`).join(' ');
    return [
      `frames of the bridge ${bridge} pass the packet filter of this computer, which may drop them: if hosts behind it cannot be reached, run \`sysctl -w ${settings}\`, or allow them in the FORWARD chain`,
    ];
  }

  /** Keeps the host's own IPv6 (router solicitations, link-local address) off an interface. Best effort. */
  silenceIpv6(name: string): void {
    try {
      writeFileSync(join(this.#settings, 'ipv6/conf', name, 'disable_ipv6'), '1');
    } catch {
      // A kernel without IPv6, or a container where /proc is read-only: the few frames that the host sends do no harm.
    }
  }

  #has(name: string, entry: string): boolean {
    return existsSync(join(this.#interfaces, name, entry));
  }

  #text(...path: string[]): string | undefined {
    try {
      return readFileSync(join(...path), 'latin1').trim();
    } catch {
      return undefined;
    }
  }
}
