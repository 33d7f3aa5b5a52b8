import type { EngineAdmission } from '#backplane';
import { HubfarmError, type Logger } from '#base';
import { parseMemberId, type Bus, type Controllership, type MemberBoot } from '#cluster';
import type { Clock, Timer } from '#io';
import { objectOf, stringOf } from '../parse-record.ts';
import { identityOf, type EngineHome } from './engine-home.ts';
import { peersOf } from './engine-record.ts';

/** At the controller: a place for the caller's engine: `{ host, peerPort, request }` → `{ role, join, certificate }` */
const seatService = 'engine/seat';
/** At the controller: the caller's engine runs. */
const seatedService = 'engine/seated';

/** The controller waits for an engine that is slow. */
const askTimeoutMs = 90_000;
const seatedTimeoutMs = 90_000;
const retryMs = 10_000;
/** Where there is no place for another engine, there may be one when a server has gone. */
const askAgainMs = 10 * 60_000;
/** At the controller: between two looks for engines that wait for their vote. */
const finishEveryMs = 10_000;
/**
 * The engine lets nobody in before its voters have been connected for five seconds, and the second one must become a voter
 * before the third is let in. With two voters either's end stops both: they are not left so for longer than the third one
 * takes to start.
 */
const settledAfterMs = 5_500;

export interface EngineSeatsOptions {
  readonly bus: Pick<Bus, 'self' | 'serve' | 'call'>;
  readonly controllership: Pick<Controllership, 'controller' | 'isController'>;
  readonly engine: EngineHome;
  /** Where other servers reach this one. */
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This server has an engine of its own now. */
  readonly seated: () => void;
  /** At the controller: another server has one. */
  readonly changed: () => void;
}

/**
 * How servers get a part of the engine: a member that runs asks the controller for one. The first three become voters,
 * the second waits as a learner for the third; all others remain clients.
 */
export class EngineSeats {
  readonly #options: EngineSeatsOptions;
  readonly #admissions = new Map<string, EngineAdmission>();
  readonly #ends: (() => void)[];
  readonly #finishing: Timer;
  #timer: Timer | undefined;
  #isAsking = false;
  #isFinishing = false;
  #seatedAtMs = -Infinity;
  #isStopped = false;

  constructor(options: EngineSeatsOptions) {
    const { bus, clock } = options;
    this.#options = options;
    this.#finishing = clock.every(finishEveryMs, () => void this.#finish());
    this.#ends = [
      bus.serve(seatService, (body, from) => this.#seat(body, from)),
      bus.serve(seatedService, (_, from) => this.#hasStarted(from)),
    ];
  }

  /** For a server that has no engine yet: there may be a place now. */
  ask(): void {
    this.#timer?.cancel();
    void this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#finishing.cancel();
    for (const end of this.#ends.splice(0)) end();
  }

  async #ask(): Promise<void> {
    const { engine } = this.#options;
    if (this.#isStopped || this.#isAsking || engine.isRunning) return;
    this.#isAsking = true;
    await this.#askOnce();
    this.#isAsking = false;
  }

  async #askOnce(): Promise<void> {
    const { engine, controllership, bus, logger } = this.#options;
    const { local } = engine;
    const controller = controllership.controller();
    if ('missing' in local || controller === undefined || controller.member === bus.self.member) {
      this.#later(retryMs);
      return;
    }
    try {
      if (await engine.hasRecord()) await this.#start(controller);
      else if (!(await this.#sitDown(controller, local.peerPort))) this.#later(askAgainMs);
    } catch (error) {
      logger.warn({ err: error }, 'this server has no part of the engine yet, trying again');
      this.#later(retryMs);
    }
  }

  /** False: there is no place. */
  async #sitDown(controller: MemberBoot, peerPort: number): Promise<boolean> {
    const { engine, bus, host } = this.#options;
    const request = await engine.makePeerRequest();
    const asked = { host, peerPort, request: request.requestDer.toString('base64') };
    const answer = objectOf(await bus.call(controller, seatService, asked, { timeoutMs: askTimeoutMs }));
    if (stringOf(answer, 'role') === 'client') return false;
    const peer = identityOf(request, stringOf(answer, 'certificate'));
    await engine.keep({ host, join: peersOf(answer['join']), peer });
    await this.#start(controller);
    return true;
  }

  async #start(controller: MemberBoot): Promise<void> {
    const { engine, bus, seated } = this.#options;
    await engine.start();
    seated();
    await bus.call(controller, seatedService, {}, { timeoutMs: seatedTimeoutMs });
  }

  #later(ms: number): void {
    this.#timer = this.#options.clock.after(ms, () => void this.#ask());
  }

  async #seat(body: unknown, from: MemberBoot): Promise<unknown> {
    const { engine, clock } = this.#options;
    const name = this.#serverThatAsks(from);
    const asked = objectOf(body);
    const [host, request] = [stringOf(asked, 'host'), stringOf(asked, 'request')];
    const signed = await engine.signPeer(Buffer.from(request, 'base64'), host);
    const settlesInMs = this.#seatedAtMs + settledAfterMs - clock.nowMs();
    if (settlesInMs > 0) await new Promise<void>((resolve) => void clock.after(settlesInMs, resolve));
    const admission = await engine.all.seat({ name, host, peerPort: Number(asked['peerPort']) });
    this.#admissions.set(name, admission);
    const { role, join } = admission;
    return { role, join, certificate: role === 'client' ? '' : signed };
  }

  async #hasStarted(from: MemberBoot): Promise<void> {
    const name = this.#serverThatAsks(from);
    const admission = this.#admissions.get(name);
    if (admission !== undefined) await this.#options.engine.all.seated(admission);
    this.#admissions.delete(name);
    this.#seatedAtMs = this.#options.clock.nowMs();
    this.#options.changed();
    this.#options.logger.info({ server: name, role: admission?.role }, 'a server has a part of the engine');
  }

  /** Whoever let a server in may have died before that one had its vote. */
  async #finish(): Promise<void> {
    const { controllership, engine, changed, logger } = this.#options;
    if (!controllership.isController() || this.#isFinishing) return;
    this.#isFinishing = true;
    try {
      const promoted = await engine.all.promoteReady();
      if (promoted.length > 0) {
        logger.info({ servers: promoted }, 'the engines of these servers have a vote now');
        changed();
      }
    } catch (error) {
      logger.debug({ err: error }, 'which engines wait for a vote is not known');
    } finally {
      this.#isFinishing = false;
    }
  }

  #serverThatAsks(from: MemberBoot): string {
    const server = parseMemberId(from.member)?.server;
    if (server === undefined || !this.#options.controllership.isController()) {
      throw new HubfarmError('NOT_CONTROLLER', 'this member is not the controller');
    }
    return server;
  }
}
