import { loadNativeLibrary, type NativeBasics } from '../native-library.ts';
import { closes, opens } from '../thread-descriptors.ts';

/**
 * The C library, as far as media sockets need it. A call gives what the C function gives; -1 = `errno()` says why. On the
 * way of a packet memory is passed as a number, its address.
 */
export interface Native extends NativeBasics {
  socket(family: number, kind: number, protocol: number): number;
  close(fd: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  getsockname(fd: number, address: Buffer, length: Buffer): number;
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  recvfrom(fd: number, to: number, size: number, flags: number, name: number, nameLength: number): number;
  sendto(fd: number, from: number, size: number, flags: number, name: number, nameLength: number): number;
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: Buffer): number;
  epollWait(epoll: number, events: number, count: number, timeoutMs: number): number;
}

/** @throws Error where the library for native calls is missing, or this is not Linux. */
export async function loadNative(): Promise<Native> {
  const { basics, call } = await loadNativeLibrary();
  return {
    ...basics,
    socket: opens(call('int socket(int family, int kind, int protocol)')),
    close: closes(call('int close(int fd)')),
    bind: call('int bind(int fd, void *address, uint32_t length)'),
    getsockname: call('int getsockname(int fd, void *address, void *length)'),
    setsockopt: call('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
    recvfrom: call(
      'intptr_t recvfrom(int fd, uintptr_t to, size_t size, int flags, uintptr_t name, uintptr_t nameLength)',
    ),
    sendto: call(
      'intptr_t sendto(int fd, uintptr_t from, size_t size, int flags, uintptr_t name, uint32_t nameLength)',
    ),
    epollCreate: opens(call('int epoll_create1(int flags)')),
    epollControl: call('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
    epollWait: call('int epoll_wait(int epoll, uintptr_t events, int count, int timeout)'),
  };
}

/** <sys/epoll.h> */
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 1;
/** struct epoll_event: packed on x64, aligned elsewhere. */
export const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
export const EVENT_DATA_AT = EVENT_BYTES - 8;
