import { sha256 } from '#base';
import { administratorPolicy, type HubRecord, type Policy, type UserRecord } from '#hub';
import { ErrorCode } from '../codec/error-codes.ts';
import type { JournalEntry } from '../journal-entry.ts';
import { SoftEtherSession } from '../session.ts';
import type { HandshakeContext, MethodRequest } from './context.ts';
import { effectivePolicy } from './effective-policy.ts';
import { isLocalhost } from './is-localhost.ts';
import { makeRoom } from './session-limits.ts';
import { sessionTerms, type SessionTerms } from './session-terms.ts';

/**
 * Takes up a session of before a restart for the client that comes with its key. Everything that a log-in would look at
 * is looked at again but the proof, for which the credential at the log-in stands. Undefined = the client has to log in.
 */
export function resumeSession(
  context: HandshakeContext,
  request: MethodRequest,
  keyText: string,
): SoftEtherSession | undefined {
  const entry = context.journal?.recall(keyText);
  if (entry === undefined) return undefined;
  const { identity, hubName } = entry;
  const hub = context.host.instance(hubName);
  if (hub === undefined || hub.isStopped) return undefined;
  const policy = currentPolicy(context, hub.record, entry);
  const terms = policy === undefined ? undefined : currentTerms(request, entry, policy);
  if (policy === undefined || terms === undefined) return undefined;
  const { userName, uniqueIdText, isAdministrator } = identity;
  const multiLogins = policy.MultiLogins;
  const limit = makeRoom(context, { hub: hub.record, userName, uniqueIdText, isAdministrator, multiLogins });
  if (limit !== ErrorCode.NO_ERROR || hub.session(identity.name) !== undefined) return undefined;
  const { remote } = request;
  const resumed = {
    ...identity,
    keyText,
    remote,
    isLocalhost: isLocalhost(request),
    cipherName: request.tls?.cipher ?? '',
  };
  const session = new SoftEtherSession(resumed, terms, hub, context.sessionHome, entry.startedAtMs);
  context.sessions.add(session);
  context.cluster?.began(session, false);
  context.journal?.begun(keyText, entry);
  context.counters.sessionsResumed++;
  const { address } = remote;
  context.logger.info(
    { session: session.name, hub: hub.name, user: userName, address },
    'session goes on after the restart',
  );
  return session;
}

/** Changes whenever the password, certificate or kind of log-in changes. Tells nothing about them. */
export function credentialOf(hub: HubRecord, user: UserRecord | undefined): string {
  return sha256(user === undefined ? hub.securePassword : JSON.stringify(user.auth)).toString('hex');
}

function currentPolicy(
  context: HandshakeContext,
  hub: HubRecord,
  { identity, credential }: JournalEntry,
): Policy | undefined {
  const user = identity.isAdministrator ? undefined : context.directory.user(hub.name, identity.realUserName);
  if (user === undefined && !identity.isAdministrator) return undefined;
  if (credentialOf(hub, user) !== credential) return undefined;
  if (user === undefined) return administratorPolicy;
  const isExpired = user.expiresAtMs !== 0 && context.clock.wallMs() >= user.expiresAtMs;
  return isExpired ? undefined : effectivePolicy(context, hub, user);
}

/** Undefined if the client, which goes on with the terms of its log-in, would not be granted them now. */
function currentTerms(
  request: MethodRequest,
  { identity, terms }: JournalEntry,
  policy: Policy,
): SessionTerms | undefined {
  const { canDropEncryption } = request;
  const now = sessionTerms({
    request: {
      client: { name: identity.clientProduct, version: identity.clientVersion, build: identity.clientBuild },
      maxConnection: terms.maxConnection,
      useEncrypt: terms.isEncrypted,
      useCompress: terms.isCompressed,
      halfConnection: terms.isHalfConnection,
      requireBridgeRoutingMode: terms.isBridgeMode,
      requireMonitorMode: terms.isMonitorMode,
    },
    policy,
    isLocalhost: isLocalhost(request),
    canBeUnencrypted: canDropEncryption,
  });
  return typeof now === 'number' || now.isEncrypted !== terms.isEncrypted ? undefined : now;
}
