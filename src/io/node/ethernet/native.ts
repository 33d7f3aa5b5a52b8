import { IoError } from '../../errors.ts';
import { asError } from '../errno.ts';
import { loadNativeLibrary, type NativeBasics } from '../native-library.ts';

/**
 * The C library, as far as Ethernet devices need it. A call gives what the C function gives; -1 = `errno()` says why.
 * Memory is passed as a number, its address: so the hot path makes no views of buffers.
 */
export interface Native extends NativeBasics {
  read(fd: number, address: number, size: number): number;
  write(fd: number, address: number, size: number): number;
  send(fd: number, address: number, size: number, flags: number): number;
  recvmsg(fd: number, header: number, flags: number): number;
  socket(family: number, kind: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
}

/** Loads the library for native calls. @throws IoError NOT_AVAILABLE where it is missing or does not know this system. */
export async function loadNative(): Promise<Native> {
  try {
    return await load();
  } catch (cause) {
    const why = asError(cause).message.split('\n', 1)[0] ?? '';
    throw new IoError(
      'NOT_AVAILABLE',
      `Ethernet devices need the package koffi, which cannot be loaded here (${why}): install hubfarm with its optional files, on Linux x64 or arm64`,
      { cause },
    );
  }
}

async function load(): Promise<Native> {
  const { basics, call } = await loadNativeLibrary();
  return {
    ...basics,
    read: call('intptr_t read(int fd, uintptr_t buffer, size_t size)'),
    write: call('intptr_t write(int fd, uintptr_t buffer, size_t size)'),
    send: call('intptr_t send(int fd, uintptr_t buffer, size_t size, int flags)'),
    recvmsg: call('intptr_t recvmsg(int fd, uintptr_t header, int flags)'),
    socket: call('int socket(int family, int kind, int protocol)'),
    bind: call('int bind(int fd, void *address, uint32_t length)'),
    setsockopt: call('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
    // Variadic in C; with one pointer the call is the same on the two processors that we serve.
    ioctl: call('int ioctl(int fd, unsigned long request, void *argument)'),
  };
}

/** <asm-generic/errno.h>; the same on x64 and arm64. */
export const errno = {
  EPERM: 1,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EBADFD: 77,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENOBUFS: 105,
} as const;
