import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads';
import type { ThreadPort } from '../threads.ts';

/** What really travels: the message, and the ends of channels that go with it. */
interface Envelope {
  readonly message: unknown;
  readonly ends: readonly MessagePort[];
}

/** By our own object: an end that is given away must give its port. */
const portsOf = new WeakMap<ThreadPort, MessagePort>();

/** For `postMessage` of a port or a thread: the envelope, and what is transferred with it. */
export function seal(message: unknown, ends: readonly ThreadPort[]): [Envelope, Transferable[]] {
  const ports = ends.map((end) => {
    const port = portsOf.get(end);
    if (port === undefined) throw new Error('only an end of a channel can be given to another thread');
    return port;
  });
  return [{ message, ends: ports }, [...ports]];
}

export function unseal(envelope: unknown): { readonly message: unknown; readonly ends: readonly ThreadPort[] } {
  const { message, ends } = envelope as Envelope;
  return { message, ends: ends.map(wrapPort) };
}

export function wrapPort(port: MessagePort): ThreadPort {
  const wrapped: ThreadPort = {
    post: (message, ends = []) => port.postMessage(...seal(message, ends)),
    receive: (receive) =>
      void port.on('message', (envelope: unknown) => {
        const { message, ends } = unseal(envelope);
        receive(message, ends);
      }),
    onClosed: (closed) => void port.once('close', closed),
    close: () => port.close(),
  };
  portsOf.set(wrapped, port);
  return wrapped;
}

export function openChannel(): readonly [ThreadPort, ThreadPort] {
  const { port1, port2 } = new MessageChannel();
  return [wrapPort(port1), wrapPort(port2)];
}
