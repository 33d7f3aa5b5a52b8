import { getSystemErrorName } from 'node:util';
import { loadNativeLibrary, type NativeBasics } from '../native-library.ts';
import { closes, opens } from '../thread-descriptors.ts';

/**
 * The C library, as far as UDP sockets need it. A call gives what the C function gives; -1 = `errno()` says why. Memory is
 * passed as a number, its address: whoever passes it keeps the buffer that it belongs to.
 */
export interface Native extends NativeBasics {
  socket(family: number, kind: number, protocol: number): number;
  /** The runtime's own would warn in threads: it counts the files that are open there. */
  close(fd: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  getsockname(fd: number, address: Buffer, length: Buffer): number;
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  recvmsg(fd: number, header: number, flags: number): number;
}

/** undefined where the library for native calls is missing, or this is not Linux. */
export async function loadNative(): Promise<Native | undefined> {
  try {
    const { basics, call } = await loadNativeLibrary();
    return {
      ...basics,
      socket: opens(call('int socket(int family, int kind, int protocol)')),
      close: closes(call('int close(int fd)')),
      bind: call('int bind(int fd, void *address, uint32_t length)'),
      getsockname: call('int getsockname(int fd, void *address, void *length)'),
      setsockopt: call('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
      recvmmsg: call('int recvmmsg(int fd, uintptr_t headers, uint32_t count, int flags, uintptr_t timeout)'),
      sendmmsg: call('int sendmmsg(int fd, uintptr_t headers, uint32_t count, int flags)'),
      recvmsg: call('intptr_t recvmsg(int fd, uintptr_t header, int flags)'),
    };
  } catch {
    return undefined;
  }
}

/** <asm-generic/errno.h>; the same on x64 and arm64. */
export const errno = { EINTR: 4, EAGAIN: 11, ENOBUFS: 105 } as const;

/** <bits/socket.h> */
export const MSG_DONTWAIT = 0x40;
export const MSG_ERRQUEUE = 0x2000;

/** Zeros at an address that never changes: the engine keeps small buffers where it may move them. */
export const fixedBuffer = (length: number): Buffer => Buffer.from(new ArrayBuffer(length));

/** An error as the runtime makes them: with its name in `code`. */
export function systemError(number: number, call: string): Error {
  let code = String(number);
  try {
    code = getSystemErrorName(-number);
  } catch {
    // A number that the runtime has no name for stays a number.
  }
  return Object.assign(new Error(`${call} ${code}`), { code });
}
