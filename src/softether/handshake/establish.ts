import type { VirtualHub } from '#hub';
import type { LoginAccepted } from '../auth/verdict.ts';
import { uncountedName } from '../cluster/uncounted-name.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import type { LoginRequest } from '../codec/login.ts';
import { encodeWelcome, SESSION_KEY_BYTES } from '../codec/welcome.ts';
import type { JournalEntry } from '../journal-entry.ts';
import { SoftEtherSession } from '../session.ts';
import type { SessionIdentity } from '../session-identity.ts';
import type { HandshakeContext, MethodRequest } from './context.ts';
import { refuse, type Outcome } from './outcome.ts';
import { isLocalhost } from './is-localhost.ts';
import { makeRoom } from './session-limits.ts';
import type { SessionTerms } from './session-terms.ts';

export interface Newcomer {
  readonly request: MethodRequest;
  readonly asked: LoginRequest;
  readonly who: Omit<LoginAccepted, 'ok' | 'user'>;
  readonly groupName: string;
  /** See `credentialOf`. */
  readonly credential: string;
  readonly terms: SessionTerms;
  /** As the controller of a cluster has named it. Absent: the hub gives it a name. */
  readonly sessionName?: string | undefined;
}

/**
 * Makes the session. Limits are looked at and the session is attached in one turn, so that two log-ins at once cannot
 * both take the last place. The hub is looked up again: it may have gone while the log-in waited.
 */
export function establish(context: HandshakeContext, newcomer: Newcomer): Outcome {
  const { request, asked, who, terms, sessionName } = newcomer;
  const { random, sessions, counters, logger, journal } = context;
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
  const name = nameOf(context, hub, newcomer);
  const session = new SoftEtherSession(identityOf(name, sessionKey, newcomer), terms, hub, context.sessionHome);
  sessions.add(session);
  context.cluster?.began(session, sessionName !== undefined);
  journal?.begun(session.identity.keyText, journalEntryOf(session, newcomer));
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

/** The controller's name; without one, in a cluster, a name that no controller gives. */
function nameOf(context: HandshakeContext, hub: VirtualHub, { sessionName, who }: Newcomer): string {
  if (sessionName !== undefined && hub.session(sessionName) === undefined) return sessionName;
  for (;;) {
    const name =
      context.cluster === undefined
        ? `SID-${who.userName.toUpperCase()}-${hub.nextSessionNumber()}`
        : uncountedName(who.userName, context.random);
    // Names of before a restart may still be in use, or be wanted back.
    const isTaken = hub.session(name) !== undefined || context.journal?.isNameKept(hub.name, name) === true;
    if (!isTaken) return name;
  }
}

function identityOf(name: string, sessionKey: Buffer, newcomer: Newcomer): SessionIdentity {
  const { request, asked, who, groupName } = newcomer;
  const { nodeInfo, client } = asked;
  return {
    name,
    connectionName: request.connectionName,
    keyText: sessionKey.toString('latin1'),
    userName: who.userName,
    realUserName: who.realUserName,
    groupName,
    isAdministrator: who.isAdministrator,
    isLocalhost: isLocalhost(request),
    uniqueIdText: asked.uniqueId.toString('latin1'),
    remote: request.remote,
    clientProduct: client.name,
    clientVersion: client.version,
    clientBuild: client.build,
    cipherName: request.tls?.cipher ?? '',
    nodeInfo: nodeInfo === undefined ? undefined : { ...nodeInfo, uniqueId: ownCopy(nodeInfo.uniqueId) },
  };
}

function journalEntryOf(session: SoftEtherSession, { credential }: Newcomer): JournalEntry {
  const { hub, identity, terms, startedAtMs } = session;
  return { hubName: hub.name, identity, terms, credential, startedAtMs };
}

/** Small buffers are cut from a shared pool, which the smallest that is kept would keep whole. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
