import type { Netfilter } from '../netfilter.ts';
import { fixedBuffer, MSG_DONTWAIT } from './datagram/native.ts';
import { loadNativeLibrary } from './native-library.ts';
import { closes, opens } from './thread-descriptors.ts';

/** <linux/netlink.h>, <bits/socket.h> */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_NETFILTER = 12;

/** The kernel's messages are of a page at most, but for dumps. */
const AREA_BYTES = 32_768;
/** Datagrams of one answer; what is more stays unread, and does not belong to the next question (its number tells). */
const ANSWER_MAX = 256;

/** undefined: not Linux, or the library for native calls is missing. */
export async function createNodeNetfilter(): Promise<Netfilter | undefined> {
  try {
    const { basics, call } = await loadNativeLibrary();
    const socket = opens(call('int socket(int family, int kind, int protocol)'));
    const send = call('intptr_t send(int fd, void *from, size_t size, int flags)');
    const receive = call('intptr_t recv(int fd, uintptr_t to, size_t size, int flags)');
    const close = closes(call('int close(int fd)'));
    const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (fd < 0) return undefined;
    const area = fixedBuffer(AREA_BYTES);
    const areaAddress = basics.addressOf(area);
    let isOpen = true;
    const answers = (): readonly Buffer[] => {
      const found: Buffer[] = [];
      while (found.length < ANSWER_MAX) {
        const length = receive(fd, areaAddress, AREA_BYTES, MSG_DONTWAIT);
        if (length <= 0) break;
        found.push(Buffer.from(area.subarray(0, length)));
      }
      return found;
    };
    return {
      // The kernel answers before `send` returns.
      ask: (request) => (isOpen && send(fd, request, request.length, MSG_DONTWAIT) >= 0 ? answers() : []),
      close: () => {
        if (isOpen) close(fd);
        isOpen = false;
      },
    };
  } catch {
    return undefined;
  }
}
