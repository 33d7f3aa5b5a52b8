import { HubfarmError } from '#base';
import { Refused, type Bus, type MemberView } from '#cluster';
import type { ClusterSessionLimits } from './limits.ts';
import type { PlaceAnswer } from './place-answer.ts';
import { orderToSend, type ExpectedSession } from './place-order.ts';

/** Members' service that takes tickets: `{ ticket, epoch, session }` */
export const EXPECT_SERVICE = 'softether/expect-ticket';

/**
 * `expected`: taken. `draining`, `full`: it takes none. `closing`: the dynamic hub is just being given back.
 * `nameTaken`: a session of that name lives there, or may come back.
 */
export type ExpectAnswer = 'expected' | 'draining' | 'full' | 'closing' | 'nameTaken';

/** What came of offering a ticket to a member. `silent`: not known whether it has it; nobody must be sent there. */
export type TicketOffer =
  | { readonly kind: 'taken'; readonly answer: PlaceAnswer }
  | { readonly kind: 'refused' | 'nameTaken' | 'silent'; readonly why: string };

export interface TicketOfferOptions {
  readonly member: MemberView;
  readonly ports: readonly number[];
  readonly ticket: Buffer;
  readonly session: ExpectedSession;
  /** Of this controller's leadership; 0 = there is no controller (see `admitsUnfenced`). */
  readonly epoch: number;
  readonly limits: Pick<ClusterSessionLimits, 'ticketCallTimeoutMs'>;
}

export async function offerTicket(bus: Pick<Bus, 'call'>, options: TicketOfferOptions): Promise<TicketOffer> {
  const { member, ports, session, epoch, limits } = options;
  const { id, boot, publicAddress: address, certificate } = member.info;
  const ticket = options.ticket.toString('base64');
  try {
    const timeoutMs = limits.ticketCallTimeoutMs;
    const offer = { ticket, epoch, session: orderToSend(session) };
    const answer = await bus.call({ member: id, boot }, EXPECT_SERVICE, offer, { timeoutMs });
    if (answer === 'expected')
      return { kind: 'taken', answer: { kind: 'elsewhere', address, ports, ticket, certificate } };
    const why = `${id} answers "${String(answer)}"`;
    return { kind: answer === 'nameTaken' ? 'nameTaken' : 'refused', why };
  } catch (error) {
    if (!(error instanceof HubfarmError)) throw error;
    return { kind: error instanceof Refused ? 'refused' : 'silent', why: `${id}: ${error.message}` };
  }
}
