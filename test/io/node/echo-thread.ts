import type { ThreadPort } from '#io';
import { createNodeIo } from '#io/node';

interface Wanted {
  readonly bind: 'datagrams' | 'mediaSockets';
  readonly port: number;
  readonly isClosedAtOnce?: boolean;
}

/** Opens a socket through native calls, and says its port. */
async function bind(answer: ThreadPort, { bind: kind, port, isClosedAtOnce = false }: Wanted): Promise<void> {
  const io = createNodeIo();
  const host = '127.0.0.1';
  if (kind === 'datagrams') {
    const socket = await (await io.datagrams()).bind({ host, port, reusePort: true });
    socket.receive({ received: () => undefined });
    const { port: bound } = socket.local;
    if (isClosedAtOnce) socket.close();
    answer.post({ port: bound });
  } else {
    const sink = { received: () => undefined, failed: () => undefined };
    answer.post({ port: (await io.mediaSockets()).open({ host, port }, sink).local.port });
  }
}

/** A thread for tests: answers on the channel that comes with a message; `loop` = never comes back, `fail` = throws,
 * `bind` = opens a socket. */
export function run(port: ThreadPort, input: unknown): void {
  port.receive((message, [end]) => {
    if (message === 'loop') for (;;);
    if (message === 'fail') throw new Error('as was asked');
    if (typeof message === 'object' && message !== null && 'bind' in message) {
      void bind(port, message as Wanted);
      return;
    }
    if (message === 'close') {
      port.close();
      return;
    }
    if (end === undefined) port.post({ input, message });
    else end.receive((word) => end.post({ echoed: word }));
  });
}
