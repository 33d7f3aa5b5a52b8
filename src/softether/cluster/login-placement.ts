import { HubfarmError, type Logger } from '#base';
import { Gone, type Bus, type Controllership, type MemberBoot } from '#cluster';
import { kindInCluster, type HubDirectory, type VirtualHub } from '#hub';
import type { Clock } from '#io';
import { ErrorCode } from '../codec/error-codes.ts';
import type { Place, Placement, PlacementRequest } from '../handshake/placement.ts';
import type { ClusterSessionLimits } from './limits.ts';
import { Message } from './message.ts';
import { placeAnswerOf, type PlaceAnswer } from './place-answer.ts';
import { orderToSend, type PlaceOrder } from './place-order.ts';
import type { Placer } from './placer.ts';

/** The controller's service for log-ins at other eligible members: `PlaceOrder` → `PlaceAnswer` */
export const PLACE_SERVICE = 'softether/place';

export interface LoginPlacementOptions {
  readonly bus: Pick<Bus, 'self' | 'call'>;
  readonly controllership: Pick<Controllership, 'controller' | 'isController' | 'onChange'>;
  readonly placer: Pick<Placer, 'place'>;
  readonly directory: Pick<HubDirectory, 'hub'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: ClusterSessionLimits;
  /** Users log in here; false: only hub administrators, at what lives here. */
  readonly acceptsLogins: () => boolean;
  readonly hasInstance: (hubName: string) => boolean;
  /** The instance here; a dynamic hub is opened. */
  readonly openHub: (hubName: string) => Promise<VirtualHub | undefined>;
  /** What the controller promised for here comes to nothing. */
  readonly abandon: (hubName: string, sessionName: string) => void;
  /** Without a controller and without the engine; undefined: it may not be placed so. */
  readonly placeAlone: (order: PlaceOrder) => Promise<PlaceAnswer | undefined>;
}

/**
 * Where a session lives that was authenticated here. The controller decides; another eligible member asks it over the bus.
 * What cannot be decided just now (the controller has died, a dynamic hub moves) is tried again for some seconds: the
 * client waits, which is better than its retry interval of fifteen.
 */
export class LoginPlacement implements Placement {
  readonly #options: LoginPlacementOptions;
  readonly #end: () => void;
  /** Log-ins that wait for the controller to change. */
  readonly #waiting = new Set<() => void>();
  /** Log-ins that wait for the controller's answer. */
  readonly #asking = new Set<() => void>();

  constructor(options: LoginPlacementOptions) {
    this.#options = options;
    this.#end = options.controllership.onChange(() => {
      for (const wake of [...this.#waiting, ...this.#asking]) wake();
    });
  }

  async place(request: PlacementRequest): Promise<Place> {
    const { order, hub } = request;
    const isStatic = kindInCluster(hub.kind) === 'static';
    const { controllership, acceptsLogins, hasInstance } = this.#options;
    if (!acceptsLogins()) {
      return order.isAdministrator && hasInstance(hub.name)
        ? { kind: 'here' }
        : { kind: 'refused', code: ErrorCode.HUB_NOT_FOUND };
    }
    // Straight to the hub of the member that they came to
    if (order.isAdministrator && isStatic && !controllership.isController()) return { kind: 'here' };
    const answer = await this.#decide(order);
    if (answer.kind === 'elsewhere') {
      const { address, ports } = answer;
      const ticket = Buffer.from(answer.ticket, 'base64');
      return { kind: 'elsewhere', address, ports, ticket, certificateDer: Buffer.from(answer.certificate, 'base64') };
    }
    if (answer.kind === 'here') return this.#here(hub.name, answer.sessionName);
    const { code, why } = answer;
    this.#options.logger.info({ hub: hub.name, user: order.userName, code, why }, 'no place for a session');
    return { kind: 'refused', code };
  }

  stop(): void {
    this.#end();
    for (const wake of [...this.#waiting]) wake();
  }

  async #here(hubName: string, sessionName: string): Promise<Place> {
    const { openHub, abandon } = this.#options;
    if ((await openHub(hubName)) === undefined) {
      abandon(hubName, sessionName);
      return { kind: 'refused', code: ErrorCode.HUB_STOPPING };
    }
    return { kind: 'here', sessionName, abandon: () => abandon(hubName, sessionName) };
  }

  async #decide(order: PlaceOrder): Promise<Exclude<PlaceAnswer, { kind: 'later' }>> {
    const { clock, limits } = this.#options;
    const untilMs = clock.nowMs() + limits.placeTimeoutMs;
    for (;;) {
      const answer = await this.#ask(order, untilMs - clock.nowMs());
      if (answer.kind !== 'later') return answer;
      const { code, why } = answer;
      const leftMs = untilMs - clock.nowMs();
      if (leftMs <= 0 || this.#waiting.size >= limits.maxWaitingLogins) return { kind: 'refused', code, why };
      await this.#pause(Math.min(leftMs, limits.retryPlaceMs));
    }
  }

  async #ask(order: PlaceOrder, leftMs: number): Promise<PlaceAnswer> {
    const { bus, controllership, placer, placeAlone } = this.#options;
    if (controllership.isController()) return placer.place(order, bus.self);
    const controller = controllership.controller();
    const isOther = controller !== undefined && controller.member !== bus.self.member;
    const answer = isOther ? await this.#askController(controller, order, leftMs) : nobodyLeads('no controller');
    if (answer.kind !== 'later' || answer.code !== ErrorCode.CONNECT_TO_FARM_CONTROLLER) return answer;
    return (await placeAlone(order)) ?? answer;
  }

  /** One that has been followed by another meanwhile is not waited for: it may be cut off. */
  async #askController(controller: MemberBoot, order: PlaceOrder, leftMs: number): Promise<PlaceAnswer> {
    const { bus, limits, controllership } = this.#options;
    const following = new AbortController();
    const look = (): void => {
      if (controllership.controller()?.boot !== controller.boot) following.abort();
    };
    this.#asking.add(look);
    try {
      const timeoutMs = Math.max(1, Math.min(leftMs, limits.placeCallTimeoutMs));
      const { signal } = following;
      const answer = await bus.call(controller, PLACE_SERVICE, orderToSend(order), { timeoutMs, signal });
      return placeAnswerOf(new Message(answer));
    } catch (error) {
      if (!(error instanceof HubfarmError)) throw error;
      return nobodyLeads(error instanceof Gone ? `${controller.member} has ended` : error.message);
    } finally {
      this.#asking.delete(look);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const timer = this.#options.clock.after(ms, done);
      this.#waiting.add(done);
    });
  }
}

/** At this number stock clients try again after their retry interval. */
const nobodyLeads = (why: string): PlaceAnswer => ({
  kind: 'later',
  code: ErrorCode.CONNECT_TO_FARM_CONTROLLER,
  why,
});
