import type { TLSSocket } from 'node:tls';

/** A client that has not answered the request for a handshake by then does not do it; the connection stays as it is. */
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * TLS 1.2, server: asks the client for a new handshake and waits for it; data flows on meanwhile. Afterwards a handshake
 * that the client begins ends the connection (each costs us far more than the client; before, the runtime's own limit of
 * three in ten minutes holds). A client that refuses (alert no_renegotiation) loses its connection.
 */
export function renegotiate(socket: TLSSocket): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isDone: boolean): void => {
      clearTimeout(timer);
      socket.off('secure', done).off('close', failed);
      if (isDone) socket.disableRenegotiation();
      resolve(isDone);
    };
    const done = (): void => settle(true);
    const failed = (): void => settle(false);
    const timer = setTimeout(failed, ANSWER_TIMEOUT_MS);
    timer.unref();
    socket.on('secure', done).on('close', failed);
    // Not within the reader's own callback: the request runs the TLS engine, which may deliver the next record at once,
    // over the shared receive buffer that the reader is still looking at.
    setImmediate(() => {
      if (socket.destroyed || !requestHandshake(socket)) failed();
    });
  });
}

function requestHandshake(socket: TLSSocket): boolean {
  try {
    return socket.renegotiate({}, () => undefined) === true;
  } catch {
    return false;
  }
}
