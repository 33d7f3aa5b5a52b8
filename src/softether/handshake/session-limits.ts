import type { HubRecord } from '#hub';
import { ErrorCode } from '../codec/error-codes.ts';
import type { SoftEtherSession } from '../session.ts';
import type { HandshakeContext } from './context.ts';

export interface NewcomerFacts {
  readonly hub: HubRecord;
  readonly userName: string;
  readonly uniqueIdText: string;
  readonly isAdministrator: boolean;
  /** 0 = unlimited. */
  readonly multiLogins: number;
}

/**
 * SoftEther protocol §4.3: error 20 for too many sessions of the user, 16 for too many of the Virtual Hub or the server;
 * 0 = there is room. A session that has lost all its sockets only waits for its client: where a limit would refuse the
 * newcomer, such sessions make room, the newcomer's own first, then the longest waiting.
 */
export function makeRoom(context: HandshakeContext, newcomer: NewcomerFacts): number {
  const { sessions, limits } = context;
  const { hub, multiLogins, isAdministrator } = newcomer;
  // Limits of a cluster are the controller's to look at; what is left is this member's own.
  if (context.cluster !== undefined)
    return sessions.size < limits.maxSessions ? ErrorCode.NO_ERROR : ErrorCode.HUB_IS_BUSY;
  const ofUser = (): SoftEtherSession[] => othersOfUser([...sessions.ofHub(hub.name)], newcomer);
  if (
    multiLogins > 0 &&
    !free(
      () => ofUser().length < multiLogins,
      () => dormant(ofUser(), newcomer),
    )
  ) {
    return ErrorCode.TOO_MANY_USER_SESSION;
  }
  const inHub = (): SoftEtherSession[] => [...sessions.ofHub(hub.name)];
  const isBounded = hub.maxSessions > 0 && !isAdministrator;
  if (
    isBounded &&
    !free(
      () => sessions.ofHub(hub.name).size < hub.maxSessions,
      () => dormant(inHub(), newcomer),
    )
  ) {
    return ErrorCode.HUB_IS_BUSY;
  }
  return sessions.size < limits.maxSessions ? ErrorCode.NO_ERROR : ErrorCode.HUB_IS_BUSY;
}

/** Several log-ins of one machine count once: the same client id is not held against its user. */
function othersOfUser(sessions: readonly SoftEtherSession[], newcomer: NewcomerFacts): SoftEtherSession[] {
  const userName = newcomer.userName.toLowerCase();
  return sessions.filter(({ identity }) => {
    const isSameMachine = identity.uniqueIdText !== '' && identity.uniqueIdText === newcomer.uniqueIdText;
    return identity.userName.toLowerCase() === userName && !isSameMachine;
  });
}

function dormant(sessions: readonly SoftEtherSession[], newcomer: NewcomerFacts): SoftEtherSession | undefined {
  const waiting = sessions.filter((session) => session.isDormant);
  const isOwn = ({ identity }: SoftEtherSession): boolean =>
    identity.userName.toLowerCase() === newcomer.userName.toLowerCase() &&
    identity.uniqueIdText === newcomer.uniqueIdText;
  return waiting.find(isOwn) ?? waiting[0];
}

function free(hasRoom: () => boolean, next: () => SoftEtherSession | undefined): boolean {
  while (!hasRoom()) {
    const session = next();
    if (session === undefined) return false;
    session.disconnect('superseded');
  }
  return true;
}
