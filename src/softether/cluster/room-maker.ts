import type { Bus, MemberBoot } from '#cluster';
import { hubKeyOf } from '#hub';
import type { ClusterSessionLimits } from './limits.ts';
import { Message } from './message.ts';
import type { PlaceOrder } from './place-order.ts';
import type { SessionLedger } from './session-ledger.ts';

/** Members' service that ends one session that has lost its client: `RoomWish` → its name, or empty. */
export const ROOM_SERVICE = 'softether/make-room';

export interface RoomMakerOptions {
  readonly bus: Pick<Bus, 'self' | 'call'>;
  readonly limits: Pick<ClusterSessionLimits, 'ticketCallTimeoutMs'>;
  /** The same on this member. */
  readonly makeRoomHere: (wish: RoomWish) => string;
}

export interface RoomWish {
  /** `user`: only sessions of this user count for the limit that is in the way. */
  readonly scope: 'user' | 'hub';
  readonly hubName: string;
  readonly userName: string;
  readonly machine: string;
}

/** Members that are asked for one log-in, one after the other. */
const maxMembersAsked = 8;

/** @throws BadMessage */
export function roomWishOf(body: unknown): RoomWish {
  const message = new Message(body);
  return {
    scope: message.oneOf('scope', ['user', 'hub']),
    hubName: message.text('hubName'),
    userName: message.text('userName'),
    machine: message.text('machine'),
  };
}

/**
 * Where a limit of the cluster would refuse a log-in, sessions that have lost all their connections, and only wait for their
 * client, give way: most of all the newcomer's own from before. Only who has them knows them, so members are asked.
 */
export class RoomMaker {
  readonly #options: RoomMakerOptions;
  /** Hubs that are being asked for: who comes meanwhile is refused, or a full hub would cost a question per log-in. */
  readonly #asking = new Set<string>();

  constructor(options: RoomMakerOptions) {
    this.#options = options;
  }

  /** True: there may be room now. */
  async make(order: PlaceOrder, scope: RoomWish['scope'], ledger: SessionLedger): Promise<boolean> {
    const key = hubKeyOf(order.hubName);
    if (this.#asking.has(key)) return false;
    this.#asking.add(key);
    try {
      const { hubName, userName, machine } = order;
      for (const member of ledger.membersOfHub(order).slice(0, maxMembersAsked)) {
        const freed = await this.#ask(member, { scope, hubName, userName, machine });
        if (freed === '') continue;
        ledger.ended(member, hubName, freed);
        return true;
      }
      return false;
    } finally {
      this.#asking.delete(key);
    }
  }

  async #ask(member: MemberBoot, wish: RoomWish): Promise<string> {
    const { bus, limits, makeRoomHere } = this.#options;
    if (member.member === bus.self.member) return makeRoomHere(wish);
    try {
      const name = await bus.call(member, ROOM_SERVICE, wish, { timeoutMs: limits.ticketCallTimeoutMs });
      return typeof name === 'string' ? name : '';
    } catch {
      // It frees nothing that anybody could count on.
      return '';
    }
  }
}
