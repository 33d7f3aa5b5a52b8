import type { ByteStream } from '#io';
import { encodePackResponse } from './codec/http-pack.ts';
import type { ConnectionServices } from './connection-services.ts';
import type { Outcome } from './handshake/outcome.ts';

type Joining = Extract<Outcome, { kind: 'session' }>;

const NOTHING = Buffer.alloc(0);

/** Sends the Welcome, or the answer to `additional_connect`, and makes the stream a socket of the session. */
export function joinSession(stream: ByteStream, joining: Joining, first: Buffer, services: ConnectionServices): void {
  const { session, direction, answer } = joining;
  const message = encodePackResponse(answer, { date: new Date(services.clock.wallMs()) });
  if (session.terms.isEncrypted) {
    stream.write(message);
    healClient(stream, services);
    session.addSocket(stream, direction, first);
    return;
  }
  const bare = stream.dropEncryption(message);
  if (bare === undefined) {
    stream.close();
    session.forgoSocket();
    return;
  }
  bare.then(
    (clear) => session.addSocket(clear, direction, NOTHING),
    () => session.forgoSocket(),
  );
}

/**
 * A stock client that has once seen TCP end without close_notify keeps a stale TLS error in its session thread and closes
 * every later session after 0.1 s. Only a TLS handshake in that thread clears it, and that the server can ask for.
 */
function healClient(stream: ByteStream, { limits, counters, renegotiating }: ConnectionServices): void {
  if (!limits.renegotiateAfterLogin || stream.tls?.protocol !== 'TLSv1.2') return;
  counters.renegotiations++;
  renegotiating.add(stream);
  const done = (isDone: boolean): void => {
    renegotiating.delete(stream);
    if (!isDone) counters.renegotiationsFailed++;
  };
  stream.renegotiate().then(done, () => done(false));
}
