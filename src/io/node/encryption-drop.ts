import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { handleOf, type SocketHandle } from './socket-internals.ts';

/** How a TLS stream goes on in clear on the same TCP connection, without close_notify. */
export interface EncryptionDrop {
  /** From now on nothing that arrives is taken for TLS. */
  hold(): void;
  /** After the last TLS bytes went to the kernel: the TCP connection, which TLS has let go. */
  release(): Socket;
}

/**
 * The TLS engine sits on the TCP handle as a listener above the TCP socket's own. Freed (which writes nothing), it gives
 * the handle back, and the TCP socket underneath, unused since the handshake, lives on. Undefined where this runtime is
 * built otherwise.
 */
export function directDrop(tcp: Socket, tls: TLSSocket): EncryptionDrop | undefined {
  const carrier = handleOf(tcp);
  const engine = handleOf(tls);
  if (carrier === undefined || engine === undefined || engine._parent !== carrier) return undefined;
  if (typeof engine.destroySSL !== 'function' || typeof engine.readStop !== 'function') return undefined;
  if (typeof carrier.readStart !== 'function') return undefined;
  // TLSSocket replaced it by an accessor of its own; it must be possible to take that back.
  if (Object.getOwnPropertyDescriptor(carrier, 'reading')?.configurable !== true) return undefined;
  return {
    hold: () => holdReading(engine),
    release: () => {
      engine.destroySSL?.();
      // TLSSocket's listeners: they would report to it, and close it, for ever.
      tcp.removeAllListeners('close').removeAllListeners('error');
      Object.defineProperty(carrier, 'reading', { value: true, writable: true, configurable: true, enumerable: true });
      carrier.readStart?.();
      return tcp;
    },
  };
}

/** Stops reading such that no path inside the TLS socket can start it again. */
function holdReading(engine: SocketHandle): void {
  engine.readStop?.();
  Object.defineProperty(engine, 'readStart', { value: () => 0, configurable: true });
}
