import { decodeAdditionalConnect, encodeAdditionalConnectAnswer } from '../codec/additional-connect.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import type { SoftEtherSession } from '../session.ts';
import type { MethodHandler, MethodRequest } from './context.ts';
import { refuse, type Outcome } from './outcome.ts';
import { resumeSession } from './resume.ts';

/**
 * `additional_connect`: one more socket for a session. The session key is the proof. A session that has lost its last
 * socket a moment ago takes the new one and goes on: that is one second of silence for the client instead of a new log-in
 * after its retry interval. So does one of before a restart; in a cluster the controller is asked about those. An unknown
 * key is answered 13, at which stock clients log in anew.
 */
export const additionalConnect: MethodHandler = (request, context) => {
  const asked = decodeAdditionalConnect(request.pack);
  if (asked === undefined) return refuse(ErrorCode.PROTOCOL_ERROR);
  const keyText = asked.sessionKey.toString('latin1');
  const session = context.sessions.byKey(keyText);
  if (session !== undefined) return addTo(session, request);
  const entry = context.journal?.recall(keyText);
  if (entry === undefined || context.cluster === undefined)
    return addTo(resumeSession(context, request, keyText), request);
  return context.cluster.mayResume(entry).then((isAllowed) => {
    // Another of its sockets may have come first.
    const resumed =
      context.sessions.byKey(keyText) ?? (isAllowed ? resumeSession(context, request, keyText) : undefined);
    return addTo(resumed, request);
  });
};

function addTo(session: SoftEtherSession | undefined, request: MethodRequest): Outcome {
  if (session === undefined || session.isEnded) return refuse(ErrorCode.SESSION_TIMEOUT);
  if (!session.hasRoom) return refuse(ErrorCode.TOO_MANY_CONNECTION);
  if (!session.terms.isEncrypted && !request.canDropEncryption) return refuse(ErrorCode.INVALID_PROTOCOL);
  const direction = session.nextDirection();
  return { kind: 'session', answer: encodeAdditionalConnectAnswer(direction), session, direction };
}
