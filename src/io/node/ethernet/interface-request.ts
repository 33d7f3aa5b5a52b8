import { closeSync } from 'node:fs';
import { parseIpAddress } from '#base';
import { IoError } from '../../errors.ts';
import { errno, type Native } from './native.ts';

/** <linux/sockios.h> */
const request = {
  getFlags: 0x8913,
  setFlags: 0x8914,
  setAddress: 0x8916,
  setNetmask: 0x891c,
  setMtu: 0x8922,
  getHardwareAddress: 0x8927,
  getIndex: 0x8933,
  addBridgePort: 0x89a2,
} as const;

const family = { inet: 2, inet6: 10 } as const;
const datagramSocket = 2 | 0o2000000; // SOCK_DGRAM | SOCK_CLOEXEC
export const interfaceFlag = { up: 0x1, noArp: 0x80 } as const;

/** struct ifreq: 16 bytes of name, then a union. */
const ifreqBytes = 40;
const unionOffset = 16;

/** Asks the kernel about interfaces and changes them. Every failure is an IoError that names the interface. */
export class InterfaceControl {
  readonly #native: Native;

  constructor(native: Native) {
    this.#native = native;
  }

  index(name: string): number {
    return this.#ask(name, request.getIndex, 'read the index of').readInt32LE(unionOffset);
  }

  /** undefined if there is no interface of this name. */
  indexIfAny(name: string): number | undefined {
    try {
      return this.index(name);
    } catch (error) {
      if (error instanceof IoError && error.code === 'NO_SUCH_DEVICE') return undefined;
      throw error;
    }
  }

  flags(name: string): number {
    return this.#ask(name, request.getFlags, 'read the flags of').readUInt16LE(unionOffset);
  }

  /** 6 bytes. */
  macAddress(name: string): Buffer {
    const answer = this.#ask(name, request.getHardwareAddress, 'read the MAC address of');
    return Buffer.from(answer.subarray(unionOffset + 2, unionOffset + 8));
  }

  setUp(name: string, isUp: boolean): void {
    const flags = this.flags(name);
    if (((flags & interfaceFlag.up) !== 0) === isUp) return;
    this.#ask(name, request.setFlags, `set ${isUp ? 'up' : 'down'}`, (union) =>
      union.writeUInt16LE(flags ^ interfaceFlag.up, 0),
    );
  }

  setMtu(name: string, mtu: number): void {
    this.#ask(name, request.setMtu, `set the MTU to ${mtu} of`, (union) => union.writeInt32LE(mtu, 0));
  }

  /** Replaces the first IPv4 address, or adds an IPv6 one. `cidr` such as `10.0.0.1/24`. */
  setAddress(name: string, cidr: string): void {
    const [text = '', length = ''] = cidr.split('/');
    const address = text.includes('%') ? undefined : parseIpAddress(text);
    const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
    if (address === undefined || prefix > address.length * 8) {
      throw new IoError('BAD_ADDRESS', `${cidr} is not an address with its prefix length, such as 10.0.0.1/24`);
    }
    if (address.length === 4) this.#setIpv4(name, address, prefix);
    else this.#setIpv6(name, address, prefix);
  }

  addToBridge(bridge: string, name: string): void {
    const index = this.index(name);
    this.#ask(bridge, request.addBridgePort, `add ${name} to`, (union) => union.writeInt32LE(index, 0));
  }

  #setIpv4(name: string, address: Buffer, prefix: number): void {
    const mask = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
    this.#ask(name, request.setAddress, 'set the address of', (union) => {
      union.writeUInt16LE(family.inet, 0);
      union.set(address, 4);
    });
    this.#ask(name, request.setNetmask, 'set the netmask of', (union) => {
      union.writeUInt16LE(family.inet, 0);
      union.writeUInt32BE(mask, 4);
    });
  }

  /** struct in6_ifreq: 16 bytes of address, u32 prefix length, i32 interface index. */
  #setIpv6(name: string, address: Buffer, prefix: number): void {
    const argument = Buffer.alloc(24);
    argument.set(address, 0);
    argument.writeUInt32LE(prefix, 16);
    argument.writeInt32LE(this.index(name), 20);
    const error = this.#ioctl(family.inet6, request.setAddress, argument);
    if (error !== 0 && error !== errno.EEXIST) throw requestError(name, 'set the address of', error);
  }

  #ask(name: string, number: number, what: string, fill?: (union: Buffer) => void): Buffer {
    const argument = Buffer.alloc(ifreqBytes);
    argument.write(name, 0, unionOffset - 1, 'latin1');
    fill?.(argument.subarray(unionOffset));
    const error = this.#ioctl(family.inet, number, argument);
    if (error !== 0) throw requestError(name, what, error);
    return argument;
  }

  /** 0, or the error number. */
  #ioctl(addressFamily: number, number: number, argument: Buffer): number {
    const fd = this.#native.socket(addressFamily, datagramSocket, 0);
    if (fd < 0) return this.#native.errno();
    try {
      return this.#native.ioctl(fd, number, argument) < 0 ? this.#native.errno() : 0;
    } finally {
      closeSync(fd);
    }
  }
}

function requestError(name: string, what: string, error: number): IoError {
  const where = `cannot ${what} ${name}`;
  switch (error) {
    case errno.ENODEV:
    case errno.ENXIO:
      return new IoError('NO_SUCH_DEVICE', `${where}: there is no such interface (\`ip link\` lists them)`);
    case errno.EPERM:
    case errno.EACCES:
      return new IoError('NO_PERMISSION', `${where}: this needs root or CAP_NET_ADMIN`);
    case errno.EBUSY:
      return new IoError('IN_USE', `${where}: it belongs to something else already`);
    case errno.EINVAL:
      return new IoError('NOT_USABLE', `${where}: the kernel does not take this value or this kind of interface`);
    default:
      return new IoError('OTHER', `${where}: error ${error}`);
  }
}
