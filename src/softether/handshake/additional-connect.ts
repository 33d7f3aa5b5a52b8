import { decodeAdditionalConnect, encodeAdditionalConnectAnswer } from '../codec/additional-connect.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import type { MethodHandler } from './context.ts';
import { refuse } from './outcome.ts';

/**
 * `additional_connect`: one more socket for a session. The session key is the proof. A session that has lost its last
 * socket a moment ago takes the new one and goes on: that is one second of silence for the client instead of a new log-in
 * after its retry interval. An unknown key is answered 13, at which stock clients log in anew.
 */
export const additionalConnect: MethodHandler = ({ pack, canDropEncryption }, { sessions }) => {
  const request = decodeAdditionalConnect(pack);
  if (request === undefined) return refuse(ErrorCode.PROTOCOL_ERROR);
  const session = sessions.byKey(request.sessionKey);
  if (session === undefined || session.isEnded) return refuse(ErrorCode.SESSION_TIMEOUT);
  if (!session.hasRoom) return refuse(ErrorCode.TOO_MANY_CONNECTION);
  if (!session.terms.isEncrypted && !canDropEncryption) return refuse(ErrorCode.INVALID_PROTOCOL);
  const direction = session.nextDirection();
  return { kind: 'session', answer: encodeAdditionalConnectAnswer(direction), session, direction };
};
