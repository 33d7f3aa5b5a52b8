import { decodeAdditionalConnect, encodeAdditionalConnectAnswer } from '../codec/additional-connect.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import type { MethodHandler } from './context.ts';
import { refuse } from './outcome.ts';
import { resumeSession } from './resume.ts';

/**
 * `additional_connect`: one more socket for a session. The session key is the proof. A session that has lost its last
 * socket a moment ago takes the new one and goes on: that is one second of silence for the client instead of a new log-in
 * after its retry interval. So does one of before a restart. An unknown key is answered 13, at which stock clients log
 * in anew.
 */
export const additionalConnect: MethodHandler = (request, context) => {
  const asked = decodeAdditionalConnect(request.pack);
  if (asked === undefined) return refuse(ErrorCode.PROTOCOL_ERROR);
  const keyText = asked.sessionKey.toString('latin1');
  const session = context.sessions.byKey(keyText) ?? resumeSession(context, request, keyText);
  if (session === undefined || session.isEnded) return refuse(ErrorCode.SESSION_TIMEOUT);
  if (!session.hasRoom) return refuse(ErrorCode.TOO_MANY_CONNECTION);
  if (!session.terms.isEncrypted && !request.canDropEncryption) return refuse(ErrorCode.INVALID_PROTOCOL);
  const direction = session.nextDirection();
  return { kind: 'session', answer: encodeAdditionalConnectAnswer(direction), session, direction };
};
