import type { Backplane } from '#backplane';
import type { Bus, ClusterPlacement, MemberId, Membership } from '#cluster';
import { reachablePorts } from '#cluster';
import { kindInCluster, type HubDirectory } from '#hub';
import type { Random } from '#io';
import { TICKET_BYTES } from '../codec/redirect.ts';
import type { ClusterSessionLimits } from './limits.ts';
import type { PlaceAnswer } from './place-answer.ts';
import type { PlaceOrder } from './place-order.ts';
import type { LicenceLimits } from './session-ledger.ts';
import { offerTicket } from './ticket-offer.ts';
import { uncountedName } from './uncounted-name.ts';

export interface PlaceAloneDeps {
  readonly bus: Pick<Bus, 'self' | 'call'>;
  readonly membership: Pick<Membership, 'self' | 'find'>;
  readonly placement: Pick<ClusterPlacement, 'chooseMember'>;
  readonly engine: Pick<Backplane, 'state'>;
  readonly directory: Pick<HubDirectory, 'hub'>;
  readonly licences: () => LicenceLimits;
  readonly random: Random;
  readonly limits: ClusterSessionLimits;
  /** For one session more, here. */
  readonly hasRoom: () => boolean;
}

/** Tickets of no controller at all: members take them for static hubs without limits. */
const NO_EPOCH = 0;

/**
 * While the engine is away nobody leads, but log-ins to static hubs go on where nothing can go wrong: no limit of the hub,
 * the user or the licences is at stake. Undefined: this one has to wait.
 */
export async function placeAlone(deps: PlaceAloneDeps, order: PlaceOrder): Promise<PlaceAnswer | undefined> {
  const { bus, placement, engine, directory, licences, random, limits } = deps;
  const hub = directory.hub(order.hubName);
  if (engine.state() === 'ok' || hub?.isOnline !== true || kindInCluster(hub.kind) !== 'static') return undefined;
  const isLimited = hub.maxSessions > 0 || order.policy.MultiLogins > 0;
  if (isLimited || (order.licence !== 'none' && licences()[order.licence] < Infinity)) return undefined;
  const session = { ...order, sessionName: uncountedName(order.userName, random) };
  const passedOver = new Set<MemberId>();
  for (let tries = 0; tries < limits.maxMembersTried; tries++) {
    const chosen = placement.chooseMember(passedOver);
    if (chosen.kind === 'none')
      return isUnplaced(deps) ? { kind: 'here', sessionName: session.sessionName } : undefined;
    const { member } = chosen;
    if (member.info.id === bus.self.member) return { kind: 'here', sessionName: session.sessionName };
    const ticket = random.bytes(TICKET_BYTES);
    const ports = reachablePorts(member);
    const offer = await offerTicket(bus, { member, ports, ticket, session, epoch: NO_EPOCH, limits });
    if (offer.kind === 'taken') return offer.answer;
    chosen.withdraw();
    passedOver.add(member.info.id);
  }
  return undefined;
}

/** It was started while the engine was away: nobody knows of it, so it can only take what comes to itself. */
const isUnplaced = ({ membership, hasRoom }: PlaceAloneDeps): boolean =>
  membership.find(membership.self.id) === undefined && !membership.self.isDraining && hasRoom();
