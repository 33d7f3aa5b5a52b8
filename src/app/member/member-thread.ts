import { reasonOf, type Logger } from '#base';
import { memberIdOf, memberName, type MemberId } from '#cluster';
import type { Clock, Thread, ThreadPort, Threads, Timer } from '#io';
import type { SipListenerStatus } from '#sip';
import type { RemoteCluster } from '../cluster/cluster-part.ts';
import type { ListenerStatus } from '../listener-set.ts';
import { RestartPause } from './restart-pause.ts';
import type { Switchboard } from './switchboard.ts';
import type { FromMember, MemberInput, MemberSamples, ToMember } from './thread-messages.ts';

export interface MemberThreadDeps {
  readonly threads: Threads;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly input: MemberInput;
  readonly switchboard: Switchboard;
  /** A new invitation to the server's store. */
  readonly invite: () => ThreadPort;
  /** Takes a line of the member's log. */
  readonly writeRecord: (line: string) => void;
}

const pingEveryMs = 1_000;
/** Pings in a row without an answer: the thread hangs, and no session on it lives any more. */
const maxUnanswered = 20;
const stopDeadlineMs = 4_000;
const measureDeadlineMs = 1_000;

/** A further member of this server, in a thread. One that crashes or hangs is started again, later each time. */
export class MemberThread {
  readonly #deps: MemberThreadDeps;
  readonly #settled = Promise.withResolvers<undefined>();
  readonly #measuring = new Map<number, (samples: MemberSamples | undefined) => void>();
  readonly #pings: Timer;
  readonly #id: MemberId;
  readonly #unplug: () => void;
  readonly #pause = new RestartPause();
  #remote: RemoteCluster | undefined;
  #thread: Thread | undefined;
  #ended = Promise.withResolvers<undefined>();
  #listeners: readonly ListenerStatus[] | undefined;
  #sipListeners: readonly SipListenerStatus[] = [];
  #problem = 'it has not started yet';
  #upSinceMs: number | undefined;
  #restart: Timer | undefined;
  #unanswered = 0;
  #lastId = 0;
  #isStopping = false;

  constructor(deps: MemberThreadDeps) {
    const { input, switchboard } = deps;
    this.#deps = deps;
    this.#id = memberIdOf(input.part.serverName, input.seat.index);
    this.#unplug = switchboard.plugIn(this.#id, (from, end) => this.#post({ kind: 'line', from }, [end]));
    this.#pings = deps.clock.every(pingEveryMs, () => this.#ping());
    this.#start();
  }

  get name(): string {
    return memberName(this.#id);
  }

  /** Resolves when the first start has succeeded or failed. */
  get settled(): Promise<undefined> {
    return this.#settled.promise;
  }

  /** Empty while it is not up. */
  listeners(): readonly ListenerStatus[] {
    return this.#listeners ?? [];
  }

  /** As they were when it started. */
  sipListeners(): readonly SipListenerStatus[] {
    return this.#listeners === undefined ? [] : this.#sipListeners;
  }

  /** Why it is not up; undefined while it is. */
  problem(): string | undefined {
    return this.#listeners === undefined ? this.#problem : undefined;
  }

  /** undefined: it is not up, or does not answer in time. */
  measure(): Promise<MemberSamples | undefined> {
    if (this.#listeners === undefined) return Promise.resolve(undefined);
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const settle = (samples: MemberSamples | undefined): void => {
        deadline.cancel();
        this.#measuring.delete(id);
        resolve(samples);
      };
      const deadline = this.#deps.clock.after(measureDeadlineMs, () => settle(undefined));
      this.#measuring.set(id, settle);
      this.#post({ kind: 'measure', id });
    });
  }

  /** The server has a new certificate, or the cluster other engines. */
  renew(remote: RemoteCluster): void {
    this.#remote = remote;
    this.#post({ kind: 'remote', remote });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#restart?.cancel();
    this.#pings.cancel();
    this.#unplug();
    if (this.#thread === undefined) return;
    const deadline = this.#deps.clock.after(stopDeadlineMs, () => this.#thread?.terminate());
    this.#post({ kind: 'stop' });
    await this.#ended.promise;
    deadline.cancel();
  }

  #start(): void {
    const { threads, input, invite } = this.#deps;
    // Built, this file is .js; from a checkout it is .ts.
    const body = new URL(`./thread-body${import.meta.url.slice(-3)}`, import.meta.url);
    this.#ended = Promise.withResolvers<undefined>();
    this.#unanswered = 0;
    this.#thread = threads.start(body, input, {
      message: (message) => this.#hear(message as FromMember),
      ended: (error) => this.#hasEnded(error),
    });
    if (this.#remote !== undefined) this.#post({ kind: 'remote', remote: this.#remote });
    this.#post({ kind: 'open' }, [invite()]);
  }

  /** To nobody, while it is not running: the ends of channels that go with it are closed. */
  #post(message: ToMember, ends: readonly ThreadPort[] = []): void {
    if (this.#thread === undefined) for (const end of ends) end.close();
    else this.#thread.post(message, ends);
  }

  #connect(id: number, to: MemberId): void {
    try {
      this.#post({ kind: 'connected', id }, [this.#deps.switchboard.connect(this.#id, to)]);
    } catch (error) {
      this.#post({ kind: 'notConnected', id, cause: reasonOf(error) });
    }
  }

  #hear(message: FromMember): void {
    switch (message.kind) {
      case 'log':
        this.#deps.writeRecord(message.line);
        return;
      case 'up':
        this.#listeners = message.listeners;
        this.#sipListeners = message.sipListeners;
        this.#upSinceMs = this.#deps.clock.nowMs();
        this.#settled.resolve(undefined);
        return;
      case 'failed':
        this.#problem = message.message;
        return;
      case 'measured':
        this.#measuring.get(message.id)?.(message.samples);
        return;
      case 'connect':
        this.#connect(message.id, message.to);
        return;
      case 'pong':
        this.#unanswered = 0;
    }
  }

  #ping(): void {
    if (this.#upSinceMs === undefined) return;
    if (this.#unanswered++ < maxUnanswered) {
      this.#post({ kind: 'ping' });
      return;
    }
    this.#problem = `it did not answer for ${(maxUnanswered * pingEveryMs) / 1000} s`;
    this.#thread?.terminate();
  }

  #hasEnded(error: Error | undefined): void {
    const { clock, logger } = this.#deps;
    const livedMs = this.#upSinceMs === undefined ? 0 : clock.nowMs() - this.#upSinceMs;
    if (error !== undefined) this.#problem = `it ended with an error: ${error.message}`;
    this.#thread = undefined;
    this.#listeners = undefined;
    this.#upSinceMs = undefined;
    for (const settle of [...this.#measuring.values()]) settle(undefined);
    this.#ended.resolve(undefined);
    this.#settled.resolve(undefined);
    if (this.#isStopping) return;
    const againInMs = this.#pause.after(livedMs);
    logger.error(
      { member: this.name, againInMs, err: error },
      `a member has ended, its sessions too: ${this.#problem}`,
    );
    this.#restart = clock.after(againInMs, () => this.#start());
  }
}
