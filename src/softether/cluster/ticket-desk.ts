import { HubfarmError } from '#base';
import type { Bus, MemberInfo } from '#cluster';
import { kindInCluster, type HubDirectory } from '#hub';
import type { Clock } from '#io';
import { TICKET_BYTES } from '../codec/redirect.ts';
import type { DynamicHubs } from './dynamic-hubs.ts';
import type { ClusterSessionLimits } from './limits.ts';
import { Message } from './message.ts';
import { expectedSessionOf, rowOfExpected, type ExpectedSession } from './place-order.ts';
import type { SessionReporter } from './session-reporter.ts';
import { EXPECT_SERVICE, type ExpectAnswer } from './ticket-offer.ts';
import { TicketOffice } from './ticket-office.ts';

export interface TicketDeskOptions {
  readonly bus: Pick<Bus, 'serve'>;
  readonly self: () => Pick<MemberInfo, 'isDraining'>;
  readonly clock: Clock;
  readonly directory: Pick<HubDirectory, 'hub'>;
  readonly reporter: SessionReporter;
  readonly limits: Pick<ClusterSessionLimits, 'ticketLifeMs' | 'maxTickets'>;
  /** Whether one more session fits. */
  readonly hasRoom: () => boolean;
  /** A session of before the restart may come back under this name. */
  readonly isNameKept: (hubName: string, sessionName: string) => boolean;
  /** Somebody wants to get to a hub that this member, which is draining, has not sent away yet. */
  readonly wantedWhileDraining: (hubName: string) => void;
}

/** Where the controller announces tickets. What it announces counts as a session at once. */
export class TicketDesk {
  readonly office: TicketOffice;
  readonly #options: TicketDeskOptions;
  readonly #hubs: () => DynamicHubs;
  readonly #end: () => void;

  /** `hubs`: the dynamic ones, which look at the tickets in turn. */
  constructor(options: TicketDeskOptions, hubs: () => DynamicHubs) {
    this.#options = options;
    this.#hubs = hubs;
    this.office = new TicketOffice({
      clock: options.clock,
      limits: options.limits,
      expired: (session) => this.released(session),
    });
    this.#end = options.bus.serve(EXPECT_SERVICE, (body) => this.#expect(body));
  }

  /** No session comes of it. */
  released({ hubName, sessionName }: ExpectedSession): void {
    this.#options.reporter.ended(hubName, sessionName);
    this.#hubs().follow(hubName);
  }

  stop(): void {
    this.#end();
    this.office.stop();
  }

  #expect(body: unknown): ExpectAnswer {
    const message = new Message(body);
    const epoch = message.count('epoch');
    const session = expectedSessionOf(message.object('session'));
    const ticket = message.bytes('ticket', TICKET_BYTES);
    const { reporter } = this.#options;
    if (epoch === 0 ? !this.#admitsUnfenced(session) : !reporter.admitsEpoch(epoch)) {
      throw new HubfarmError('STALE_CONTROLLER', `a controller of epoch ${epoch} has been deposed`);
    }
    const refusal = this.#refusal(session);
    if (refusal !== undefined) return refusal;
    if (!this.office.expect(ticket, session)) return 'full';
    reporter.begun(rowOfExpected(session));
    return 'expected';
  }

  /** While nobody leads because the engine is away, static hubs without limits go on: nothing can be exceeded there. */
  #admitsUnfenced({ hubName, policy }: ExpectedSession): boolean {
    const hub = this.#options.directory.hub(hubName);
    return (
      hub !== undefined && kindInCluster(hub.kind) === 'static' && hub.maxSessions === 0 && policy.MultiLogins === 0
    );
  }

  #refusal({ hubName, sessionName }: ExpectedSession): Exclude<ExpectAnswer, 'expected'> | undefined {
    const { self, hasRoom, reporter, isNameKept, wantedWhileDraining } = this.#options;
    if (self().isDraining) {
      wantedWhileDraining(hubName);
      return 'draining';
    }
    if (this.#hubs().isClosing(hubName)) return 'closing';
    if (!hasRoom()) return 'full';
    return reporter.has(hubName, sessionName) || isNameKept(hubName, sessionName) ? 'nameTaken' : undefined;
  }
}
