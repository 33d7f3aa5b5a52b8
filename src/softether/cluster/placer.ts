import type { Logger } from '#base';
import type {
  Bus,
  ClusterPlacement,
  Controllership,
  MemberBoot,
  MemberId,
  MemberView,
  Placed,
  PlacedObjects,
} from '#cluster';
import { reachablePorts } from '#cluster';
import { hubKeyOf, kindInCluster, type HubDirectory, type HubRecord } from '#hub';
import type { Clock, Random } from '#io';
import { ErrorCode } from '../codec/error-codes.ts';
import { TICKET_BYTES } from '../codec/redirect.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import type { ClusterSessionLimits } from './limits.ts';
import { HandedOut } from './handed-out.ts';
import type { PlaceAnswer } from './place-answer.ts';
import type { PlaceOrder } from './place-order.ts';
import type { RoomMaker } from './room-maker.ts';
import type { LicenceLimits, PlaceLimits } from './session-ledger.ts';
import { offerTicket, type TicketOffer } from './ticket-offer.ts';

export interface PlacerOptions {
  readonly bus: Pick<Bus, 'self' | 'call' | 'send'>;
  readonly controllership: Pick<Controllership, 'isController' | 'epoch'>;
  readonly placement: Pick<ClusterPlacement, 'chooseMember'>;
  readonly objects: Pick<PlacedObjects, 'placeSession' | 'release' | 'find'>;
  readonly directory: Pick<HubDirectory, 'hub'>;
  readonly keeper: LedgerKeeper;
  readonly roomMaker: Pick<RoomMaker, 'make'>;
  readonly licences: () => LicenceLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: ClusterSessionLimits;
}

const later = (code: number, why: string): PlaceAnswer => ({ kind: 'later', code, why });
const refused = (code: number, why: string): PlaceAnswer => ({ kind: 'refused', code, why });

/**
 * The controller's decision for one log-in (SoftEther protocol §4.3 from step 16, §9.7): limits of the whole cluster, the
 * name of the session, the member, and the ticket that this member then waits for. Decides once and at once; whoever
 * asks, asks again where the answer is `later`.
 */
export class Placer {
  readonly #options: PlacerOptions;
  readonly #handedOut = new HandedOut();
  /** Members that did not answer just now, and until when nobody tries them: the bus will know them as suspect by then. */
  readonly #deaf = new Map<MemberId, number>();

  constructor(options: PlacerOptions) {
    this.#options = options;
  }

  /** `asking`: the member that the client is connected to. */
  async place(order: PlaceOrder, asking: MemberBoot): Promise<PlaceAnswer> {
    const { directory, controllership } = this.#options;
    if (!controllership.isController())
      return later(ErrorCode.CONNECT_TO_FARM_CONTROLLER, 'not the controller any more');
    const hub = directory.hub(order.hubName);
    if (hub === undefined) return refused(ErrorCode.HUB_NOT_FOUND, 'the hub is gone');
    if (!hub.isOnline) return refused(ErrorCode.HUB_STOPPING, 'the hub is offline');
    const reserved = await this.#reserve(order, hub);
    if (typeof reserved !== 'string') return reserved;
    const isStatic = kindInCluster(hub.kind) === 'static';
    let answer: PlaceAnswer | undefined;
    try {
      // V8; the controller serves them itself even where it does controller functions only, as the original
      if (isStatic && order.isAdministrator) answer = { kind: 'here', sessionName: reserved };
      else if (isStatic) answer = await this.#placeStatic(order, reserved, asking);
      else answer = await this.#placeDynamic(order, reserved, asking);
      return answer;
    } finally {
      const isPlaced = answer?.kind === 'here' || answer?.kind === 'elsewhere';
      if (!isPlaced) this.#options.keeper.ledger.cancel(hub.name, reserved);
    }
  }

  /** A session of before the restart of `asking` wants to go on there, under its name. False: it may not. */
  async readmit(order: PlaceOrder, sessionName: string, asking: MemberBoot): Promise<'yes' | 'no' | 'later'> {
    const { directory, controllership, keeper, objects } = this.#options;
    if (!controllership.isController()) return 'later';
    const hub = directory.hub(order.hubName);
    if (hub?.isOnline !== true) return 'no';
    if (this.#isLimited(order, hub) && !keeper.isComplete()) return 'later';
    const { ledger } = keeper;
    const reserved = ledger.reserve(order, this.#limitsOf(order, hub), this.#promiseEndsAtMs(), sessionName);
    if (!reserved.ok) return 'no';
    if (kindInCluster(hub.kind) === 'static') return 'yes';
    const found = await objects.placeSession(hubKeyOf(hub.name));
    if (found.kind === 'placed') {
      // It is no new session: its member reports it with the others.
      found.placed.withdraw();
      if (isSame(found.placed.member, asking)) return 'yes';
    }
    ledger.cancel(hub.name, sessionName);
    return found.kind === 'notController' ? 'later' : 'no';
  }

  /** The name of the session that is promised. */
  async #reserve(order: PlaceOrder, hub: HubRecord): Promise<string | PlaceAnswer> {
    const { keeper, roomMaker } = this.#options;
    if (this.#isLimited(order, hub) && !keeper.isComplete()) {
      return later(ErrorCode.CONNECT_TO_FARM_CONTROLLER, 'the sessions of the cluster are being counted');
    }
    const limits = this.#limitsOf(order, hub);
    const first = keeper.ledger.reserve(order, limits, this.#promiseEndsAtMs());
    if (first.ok) return first.name;
    // Sessions that only wait for their client give way.
    const scope = first.code === ErrorCode.TOO_MANY_USER_SESSION ? 'user' : 'hub';
    if (!(await roomMaker.make(order, scope, keeper.ledger))) return refused(first.code, 'a limit is reached');
    const second = keeper.ledger.reserve(order, limits, this.#promiseEndsAtMs());
    return second.ok ? second.name : refused(second.code, 'a limit is reached');
  }

  async #placeStatic(order: PlaceOrder, sessionName: string, asking: MemberBoot): Promise<PlaceAnswer> {
    const passedOver = this.#deafMembers();
    let why = '';
    for (let tries = 0; tries < this.#options.limits.maxMembersTried; tries++) {
      const chosen = this.#options.placement.chooseMember(passedOver);
      if (chosen.kind === 'none') return refused(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM, why || chosen.message);
      const offer = await this.#offer(order, sessionName, chosen, asking);
      if (offer.kind === 'taken') return offer.answer;
      chosen.withdraw();
      if (offer.kind === 'nameTaken') return later(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM, offer.why);
      why = offer.why;
      passedOver.add(chosen.member.info.id);
    }
    return refused(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM, why);
  }

  async #placeDynamic(order: PlaceOrder, sessionName: string, asking: MemberBoot): Promise<PlaceAnswer> {
    const key = hubKeyOf(order.hubName);
    const found = await this.#options.objects.placeSession(key);
    switch (found.kind) {
      case 'none':
        return later(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM, found.message);
      case 'notController':
        return later(ErrorCode.CONNECT_TO_FARM_CONTROLLER, 'not the controller any more');
      case 'engineLost':
        return later(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM, found.message);
      case 'placed':
        break;
    }
    const { object, placed } = found;
    if (!this.#handedOut.begin(object)) {
      placed.withdraw();
      return later(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM, `${object.member} does not answer, ${key} is placed anew`);
    }
    const offer = await this.#offer(order, sessionName, placed, asking);
    const isGood = this.#handedOut.end(object, offer.kind === 'taken');
    if (offer.kind === 'taken' && isGood) return offer.answer;
    placed.withdraw();
    if (offer.kind === 'silent') await this.#giveUp(key);
    const why = offer.kind === 'taken' ? 'it is being placed anew' : offer.why;
    return later(ErrorCode.COULD_NOT_HOST_HUB_ON_FARM, `${key} lives on ${object.member}: ${why}`);
  }

  /**
   * A hub whose member does not answer can be placed anew if nobody was sent there yet: without a ticket nobody makes an
   * instance. Otherwise it stays until that member is known to be dead.
   */
  async #giveUp(key: string): Promise<void> {
    const { objects, controllership, logger } = this.#options;
    const object = objects.find(key);
    if (object === undefined || object.epoch !== controllership.epoch() || !this.#handedOut.seal(object)) return;
    try {
      await objects.release(object);
    } catch (error) {
      logger.debug({ hub: key, err: error }, 'a hub whose member does not answer could not be placed anew yet');
    }
  }

  async #offer(order: PlaceOrder, sessionName: string, placed: Placed, asking: MemberBoot): Promise<TicketOffer> {
    const { member } = placed;
    if (isSame(member, asking)) return { kind: 'taken', answer: { kind: 'here', sessionName } };
    const { bus, random, limits, controllership, clock, logger } = this.#options;
    const ports = reachablePorts(member);
    if (ports.length === 0) return { kind: 'refused', why: 'none of its ports can be reached' };
    const ticket = random.bytes(TICKET_BYTES);
    const epoch = controllership.epoch() ?? 0;
    const session = { ...order, sessionName };
    const offer = await offerTicket(bus, { member, ports, ticket, session, epoch, limits });
    if (offer.kind === 'silent') {
      this.#deaf.set(member.info.id, clock.nowMs() + limits.deafMs);
      logger.warn({ member: member.info.id, why: offer.why }, 'a member takes no tickets and is passed over');
    }
    return offer;
  }

  #deafMembers(): Set<MemberId> {
    const nowMs = this.#options.clock.nowMs();
    for (const [member, untilMs] of this.#deaf) if (untilMs <= nowMs) this.#deaf.delete(member);
    return new Set(this.#deaf.keys());
  }

  #isLimited({ policy, licence }: PlaceOrder, hub: HubRecord): boolean {
    return (
      hub.maxSessions > 0 ||
      policy.MultiLogins > 0 ||
      (licence !== 'none' && this.#options.licences()[licence] < Infinity)
    );
  }

  #limitsOf({ policy }: PlaceOrder, { maxSessions }: HubRecord): PlaceLimits {
    return { maxSessions, multiLogins: policy.MultiLogins, licences: this.#options.licences() };
  }

  /** A little longer than the ticket: its member says when it has expired. */
  #promiseEndsAtMs(): number {
    const { clock, limits } = this.#options;
    return clock.nowMs() + limits.ticketLifeMs + limits.ticketCallTimeoutMs + limits.placeTimeoutMs;
  }
}

const isSame = ({ info }: MemberView, { member, boot }: MemberBoot): boolean =>
  info.id === member && info.boot === boot;
