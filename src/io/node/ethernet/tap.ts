import { closeSync, constants, openSync } from 'node:fs';
import { IoError } from '../../errors.ts';
import { asError, errnoOf } from '../errno.ts';
import { frameMaxBytes, type Burst } from './burst.ts';
import type { FramePath } from './device.ts';
import { checkInterfaceName } from './interface-name.ts';
import { errno, type Native } from './native.ts';

const tunDevice = '/dev/net/tun';
/** <linux/if_tun.h> */
const TUNSETIFF = 0x400454ca;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;

/** A file descriptor that is the TAP `name`, non-blocking; undefined = busy, which may pass. */
export function openTapFd(native: Native, name: string): number | undefined {
  checkInterfaceName(name);
  const fd = openTun(name);
  const argument = Buffer.alloc(40);
  argument.write(name, 0, 15, 'latin1');
  argument.writeUInt16LE(IFF_TAP | IFF_NO_PI, 16);
  if (native.ioctl(fd, TUNSETIFF, argument) === 0) return fd;
  const error = native.errno();
  closeSync(fd);
  if (error === errno.EBUSY) return undefined;
  throw tapError(name, error);
}

function openTun(name: string): number {
  try {
    return openSync(tunDevice, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (cause) {
    const code = errnoOf(cause);
    const where = `cannot make the TAP device ${name}`;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new IoError('NO_PERMISSION', `${where}: no permission to open ${tunDevice}: run as root`, { cause });
    }
    const help =
      'load the driver (`modprobe tun`), or hand the device to the container (`--device /dev/net/tun --cap-add NET_ADMIN`)';
    const why = code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO' ? `there is no ${tunDevice}` : '';
    throw new IoError('NOT_AVAILABLE', `${where}: ${why || asError(cause).message}: ${help}`, { cause });
  }
}

function tapError(name: string, error: number): IoError {
  const where = `cannot make the TAP device ${name}`;
  switch (error) {
    case errno.EPERM:
    case errno.EACCES:
      return new IoError('NO_PERMISSION', `${where}: this needs root or CAP_NET_ADMIN`);
    case errno.EINVAL:
      return new IoError('NAME_TAKEN', `${where}: another kind of interface has this name; choose another name`);
    default:
      return new IoError('OTHER', `${where}: error ${error}`);
  }
}

/** Frames of a TAP: one read or write each. The kernel segments and sums what the host sends before we read it. */
export class TapPath implements FramePath {
  readonly #native: Native;
  readonly #name: string;
  readonly #fd: number;
  readonly #notices: readonly string[];
  oversizedFrames = 0;

  constructor(native: Native, name: string, fd: number, notices: readonly string[]) {
    this.#native = native;
    this.#name = name;
    this.#fd = fd;
    this.#notices = notices;
  }

  receive(burst: Burst): number {
    // One byte more than a frame may have: a longer one is cut there, and seen.
    const size = this.#native.read(this.#fd, burst.frameAddress, frameMaxBytes + 1);
    if (size < 0) return this.#native.errno();
    if (size > frameMaxBytes) this.oversizedFrames++;
    else burst.commit(size);
    return 0;
  }

  send(address: number, size: number): number {
    return this.#native.write(this.#fd, address, size) === size ? 0 : this.#native.errno();
  }

  goneBecause(error: number): string | undefined {
    // EIO = the interface is down: it may come up again.
    return error === errno.EBADFD ? `the TAP device ${this.#name} was deleted` : undefined;
  }

  notices(): readonly string[] {
    if (this.oversizedFrames === 0) return this.#notices;
    const advice = `${this.oversizedFrames} frames from ${this.#name} were longer than ${frameMaxBytes} bytes and dropped: run \`ip link set ${this.#name} mtu 1500\``;
    return [...this.#notices, advice];
  }
}
