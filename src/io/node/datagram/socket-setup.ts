import { isIP } from 'node:net';
import { IoError } from '../../errors.ts';
import type { DatagramOptions } from '../../datagram.ts';
import type { Endpoint } from '../../stream.ts';
import { bindError } from '../errno.ts';
import { NAME_BYTES } from './message-vector.ts';
import { fixedBuffer, systemError, type Native } from './native.ts';
import { AF_INET, AF_INET6, firstWord, portOf, SIZE_4, SIZE_6, type SocketAddresses } from './socket-address.ts';

/** <bits/socket.h>, <bits/in.h>; the same on x64 and arm64. */
const datagramSocket = 2 | 0o4000 | 0o2000000; // SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;
const IPV6_V6ONLY = 26;
const IPV6_TCLASS = 67;

export interface OpenSocket {
  readonly fd: number;
  readonly local: Endpoint;
}

/** What opening a socket needs of the C library. */
export type SocketNative = Pick<Native, 'socket' | 'setsockopt' | 'bind' | 'getsockname' | 'close' | 'errno'>;

export interface SocketOptions extends DatagramOptions {
  /** Answers of other machines (ICMP) wait in the error queue, which must be read then. Meant unless said. */
  readonly keepsErrors?: boolean;
}

/** A bound socket of the system, without a wrapper of the runtime. @throws IoError */
export function openSocket(native: SocketNative, addresses: SocketAddresses, options: SocketOptions): OpenSocket {
  const { host, port } = options;
  const raw = isIP(host) === 0 ? undefined : addresses.rawOf(host);
  if (raw === undefined) {
    throw new IoError('ADDRESS_NOT_AVAILABLE', `cannot listen on ${host}:${port}: "${host}" is not an IP address`);
  }
  const { family } = raw;
  const fd = native.socket(family, datagramSocket, 0);
  const check = (result: number, call: string): void => {
    if (result < 0) throw bindError(host, port, systemError(native.errno(), call));
  };
  check(fd, 'socket');
  try {
    for (const [level, option, value] of optionsOf(family, options)) {
      check(native.setsockopt(fd, level, option, int32(value), 4), 'setsockopt');
    }
    enlargeQueue(native, fd, options.receiveBufferBytes);
    const name = Buffer.alloc(NAME_BYTES);
    [firstWord(family, port), ...raw.words].forEach((word, i) => name.writeUInt32LE(word, i * 4));
    check(native.bind(fd, name, family === AF_INET ? SIZE_4 : SIZE_6), 'bind');
    const bound = fixedBuffer(NAME_BYTES);
    check(native.getsockname(fd, bound, int32(NAME_BYTES)), 'getsockname');
    return {
      fd,
      local: { address: addresses.textAt(new Uint32Array(bound.buffer), 0), port: portOf(bound.readUInt32LE()) },
    };
  } catch (error) {
    native.close(fd);
    throw error;
  }
}

type Option = readonly [level: number, option: number, value: number];

function optionsOf(family: number, options: SocketOptions): readonly Option[] {
  const { reuseAddress = false, reusePort = false, typeOfService, keepsErrors = true } = options;
  const isSix = family === AF_INET6;
  const errors = isSix ? ([IPPROTO_IPV6, IPV6_RECVERR, 1] as const) : ([IPPROTO_IP, IP_RECVERR, 1] as const);
  return [
    ...(isSix ? [[IPPROTO_IPV6, IPV6_V6ONLY, 1] as const] : []),
    ...(keepsErrors ? [errors] : []),
    ...(reuseAddress ? [[SOL_SOCKET, SO_REUSEADDR, 1] as const] : []),
    ...(reusePort ? [[SOL_SOCKET, SO_REUSEPORT, 1] as const] : []),
    ...tosOption(isSix, typeOfService),
  ];
}

function tosOption(isSix: boolean, value: number | undefined): readonly Option[] {
  if (value === undefined) return [];
  return [isSix ? [IPPROTO_IPV6, IPV6_TCLASS, value] : [IPPROTO_IP, IP_TOS, value]];
}

/** Without CAP_NET_ADMIN only up to net.core.rmem_max, which is no error. */
function enlargeQueue(native: SocketNative, fd: number, bytes: number | undefined): void {
  if (bytes === undefined) return;
  if (native.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int32(bytes), 4) === 0) return;
  native.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int32(bytes), 4);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value, 0);
  return bytes;
}
