import type { Datagram, DatagramOptions, Datagrams } from '../../datagram.ts';
import { BatchedSocket, type BatchedParts } from './batched-socket.ts';
import { ErrorQueue } from './error-queue.ts';
import { loadNative, type Native } from './native.ts';
import { PlainSocket } from './plain-socket.ts';
import { ReceiveArea } from './receive-area.ts';
import { SocketAddresses } from './socket-address.ts';
import { openSocket } from './socket-setup.ts';
import { interfaceAddresses, sourceFor } from './source-address.ts';
import { TurnEnd } from './turn-end.ts';

/** UDP of this machine: many datagrams to a system call where that is possible (Linux with koffi), else one by one. */
export async function createNodeDatagrams(): Promise<Datagrams> {
  const native = await loadNative();
  return native === undefined ? createPlainDatagrams() : createBatchedDatagrams(native);
}

export function createPlainDatagrams(): Datagrams {
  return {
    means: 'one by one',
    bind: (options): Promise<Datagram> => PlainSocket.bind(options),
    sourceFor,
    interfaceAddresses,
  };
}

export function createBatchedDatagrams(native: Native): Datagrams {
  const addresses = new SocketAddresses();
  let parts: BatchedParts | undefined;
  // Its memory is taken by the first socket: most threads have none.
  const partsNow = (): BatchedParts =>
    (parts ??= {
      native,
      addresses,
      area: new ReceiveArea(native),
      errors: new ErrorQueue(native, addresses),
      turnEnd: new TurnEnd(),
    });
  const bind = (options: DatagramOptions): Datagram =>
    new BatchedSocket(partsNow(), openSocket(native, addresses, options));
  return {
    means: 'recvmmsg/sendmmsg',
    bind: async (options) => Promise.resolve(options).then(bind),
    sourceFor,
    interfaceAddresses,
  };
}
