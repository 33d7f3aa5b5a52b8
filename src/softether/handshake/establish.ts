import type { LoginAccepted } from '../auth/verdict.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import type { LoginRequest } from '../codec/login.ts';
import { encodeWelcome, SESSION_KEY_BYTES } from '../codec/welcome.ts';
import { SoftEtherSession } from '../session.ts';
import type { SessionIdentity } from '../session-identity.ts';
import type { HandshakeContext, MethodRequest } from './context.ts';
import { refuse, type Outcome } from './outcome.ts';
import { makeRoom } from './session-limits.ts';
import type { SessionTerms } from './session-terms.ts';

export interface Newcomer {
  readonly request: MethodRequest;
  readonly asked: LoginRequest;
  readonly who: LoginAccepted;
  readonly terms: SessionTerms;
}

/**
 * Makes the session. Limits are looked at and the session is attached in one turn, so that two log-ins at once cannot
 * both take the last place. The hub is looked up again: it may have gone while the log-in waited.
 */
export function establish(context: HandshakeContext, newcomer: Newcomer): Outcome {
  const { request, asked, who, terms } = newcomer;
  const { random, sessions, counters, logger } = context;
  const hub = context.host.instance(asked.hubName);
  if (hub === undefined || hub.isStopped) return refuse(ErrorCode.HUB_STOPPING);
  const limit = makeRoom(context, {
    hub: hub.record,
    userName: who.userName,
    uniqueIdText: asked.uniqueId.toString('latin1'),
    isAdministrator: who.isAdministrator,
    multiLogins: who.policy.MultiLogins,
  });
  if (limit !== ErrorCode.NO_ERROR) return refuse(limit, who.policy.NoSavePassword);

  const sessionKey = random.bytes(SESSION_KEY_BYTES);
  const name = `SID-${who.userName.toUpperCase()}-${hub.nextSessionNumber()}`;
  const session = new SoftEtherSession(identityOf(name, sessionKey, newcomer), terms, hub, context.sessionHome);
  sessions.add(session);
  counters.logins++;
  const { address } = request.remote;
  logger.info(
    { session: name, hub: hub.name, user: who.userName, address, client: asked.client.name },
    'session begins',
  );
  const answer = encodeWelcome({
    sessionName: name,
    connectionName: request.connectionName,
    sessionKey,
    sessionKey32: random.bytes(4).readUInt32BE(),
    maxConnection: terms.maxConnection,
    useEncrypt: terms.isEncrypted,
    useCompress: terms.isCompressed,
    halfConnection: terms.isHalfConnection,
    qos: false,
    timeoutMs: terms.timeoutMs,
    vlanId: terms.policy.VLanId,
    policy: terms.policy,
    message: hub.record.message,
  });
  // SoftEther protocol §5.1: in half-duplex mode the first socket carries frames to the server
  return { kind: 'session', answer, session, direction: terms.isHalfConnection ? 'toServer' : 'both' };
}

function identityOf(name: string, sessionKey: Buffer, { request, asked, who }: Newcomer): SessionIdentity {
  const { nodeInfo, client } = asked;
  return {
    name,
    connectionName: request.connectionName,
    keyText: sessionKey.toString('latin1'),
    userName: who.userName,
    realUserName: who.realUserName,
    groupName: who.user?.groupName ?? '',
    isAdministrator: who.isAdministrator,
    uniqueIdText: asked.uniqueId.toString('latin1'),
    remote: request.remote,
    clientProduct: client.name,
    clientVersion: client.version,
    clientBuild: client.build,
    cipherName: request.tls?.cipher ?? '',
    nodeInfo: nodeInfo === undefined ? undefined : { ...nodeInfo, uniqueId: ownCopy(nodeInfo.uniqueId) },
  };
}

/** Small buffers are cut from a shared pool, which the smallest that is kept would keep whole. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
