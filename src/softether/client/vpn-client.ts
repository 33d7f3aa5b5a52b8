import { IoError, type Timer } from '#io';
import { ErrorCode } from '../codec/error-codes.ts';
import type { ClientAccount } from './account.ts';
import { ClientSession, type SessionLoss } from './client-session.ts';
import { refusal, unreachable, type ClientFailure, type Result } from './failure.ts';
import type { OpenFramePort } from './frame-port.ts';
import type { ClientHome } from './home.ts';
import { logIn, type Grant } from './log-in.ts';
import { destinationText, type Destination, type ServerJudge } from './reach.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** What happens, as it happens. */
export type ClientEvent =
  | { readonly kind: 'connecting'; readonly to: Destination }
  /** A farm's controller sends us to a member; `message` is for the user, or empty. */
  | { readonly kind: 'redirected'; readonly to: Destination; readonly message: string }
  | { readonly kind: 'connected'; readonly session: ClientSession; readonly grant: Grant }
  | { readonly kind: 'connections'; readonly count: number }
  | { readonly kind: 'lost'; readonly why: SessionLoss; readonly lastedMs: number }
  | { readonly kind: 'failed'; readonly failure: ClientFailure }
  | { readonly kind: 'waiting'; readonly delayMs: number };

/** How a client came to its end: asked to, or because it was to try only once, or because it must not come back. */
export type ClientEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly failure: ClientFailure }
  | { readonly kind: 'lost'; readonly why: SessionLoss };

export interface ServerAddress {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
}

export interface VpnClientOptions {
  readonly home: ClientHome;
  /** As the user names it. */
  readonly server: ServerAddress;
  /** Others of the same cluster, for when it does not answer or cannot help: tried in turn, each with all its addresses. */
  readonly otherServers?: readonly ServerAddress[];
  readonly account: ClientAccount;
  /** Absent: every server is believed. */
  readonly judge?: ServerJudge;
  readonly openPort: OpenFramePort;
  readonly observe?: (event: ClientEvent) => void;
  /** Whether to go on after a failure or a lost session. Absent: always. */
  readonly goesOn?: (end: Exclude<ClientEnd, { readonly kind: 'stopped' }>) => boolean;
}

/**
 * Keeps one session with a server, for ever: logs in, follows redirects, notices when the session is lost, waits and tries
 * again, always from the server's own name on.
 */
export class VpnClient {
  readonly #options: VpnClientOptions;
  readonly #stop = new AbortController();
  readonly #retry: RetrySchedule;
  #session: ClientSession | undefined;
  /** Where the last log-in worked: tried first. */
  #good: Destination | undefined;
  #closing: Promise<void> | undefined;
  #run: Promise<ClientEnd> | undefined;

  constructor(options: VpnClientOptions) {
    this.#options = options;
    this.#retry = new RetrySchedule(options.home.limits, options.home.random);
  }

  get session(): ClientSession | undefined {
    return this.#session;
  }

  /** Resolves at the end. Later calls give the same. */
  run(): Promise<ClientEnd> {
    this.#run ??= this.#loop();
    return this.#run;
  }

  /** Ends the session in order, or what is under way; resolves when all is closed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#closing ??= this.#session?.close();
    await Promise.all([this.#closing, this.#run]);
  }

  async #loop(): Promise<ClientEnd> {
    while (!this.#isStopped()) {
      const end = await this.#once();
      if (end.kind === 'stopped' || this.#isStopped()) break;
      const mayComeBack = end.kind === 'lost' || end.failure.code !== ErrorCode.AUTO_DISCONNECTED;
      if (!mayComeBack || this.#options.goesOn?.(end) === false) return end;
      const delayMs = this.#retry.nextDelayMs(end.kind === 'lost' || end.failure.healsByWaiting);
      this.#tell({ kind: 'waiting', delayMs });
      await this.#pause(delayMs);
    }
    return { kind: 'stopped' };
  }

  /** One round: every address of every server until one lets us in, then the session until it is lost. */
  async #once(): Promise<ClientEnd> {
    const granted = await this.#tryServers();
    if (this.#isStopped()) {
      if (granted.ok) granted.value.stream.close();
      return { kind: 'stopped' };
    }
    if (granted.ok) return this.#live(granted.value);
    this.#tell({ kind: 'failed', failure: granted.failure });
    return { kind: 'failed', failure: granted.failure };
  }

  async #tryServers(): Promise<Result<Grant>> {
    const { server, home } = this.#options;
    const found = await this.#destinations();
    const { connectTimeoutMs, connectTimeoutWithOthersMs } = home.limits;
    let result: Result<Grant> = found.failure ?? unreachable(`${server.host} has no address`);
    for (const [index, at] of found.destinations.entries()) {
      const isLast = index === found.destinations.length - 1;
      const tried = await this.#logIn(at, isLast ? connectTimeoutMs : connectTimeoutWithOthersMs);
      result = index === 0 ? tried : moreTelling(result, tried);
      if (tried.ok) this.#good = at;
      if (tried.ok || this.#isStopped() || isAnswerOfAll(tried.failure)) break;
    }
    return result;
  }

  #logIn(at: Destination, connectTimeoutMs: number): Promise<Result<Grant>> {
    const { home, account, judge } = this.#options;
    this.#tell({ kind: 'connecting', to: at });
    return logIn(home, account, at, {
      connectTimeoutMs,
      signal: this.#stop.signal,
      judge,
      redirected: (to, message) => this.#tell({ kind: 'redirected', to, message }),
    });
  }

  /** Where to try, in this order: where it worked last, then the servers as they are named, each with all its addresses. */
  async #destinations(): Promise<{ destinations: readonly Destination[]; failure: Result<Grant> | undefined }> {
    const { home, server, otherServers = [] } = this.#options;
    const destinations: Destination[] = [];
    let failure: Result<Grant> | undefined;
    for (const { host, port } of [server, ...otherServers]) {
      try {
        for (const address of await home.names.resolve(host)) {
          destinations.push({ address, port, name: host, certificate: undefined });
        }
      } catch (error) {
        if (!(error instanceof IoError)) throw error;
        failure ??= unreachable(error.message);
      }
    }
    const good = destinations.find(({ address, port }) => address === this.#good?.address && port === this.#good.port);
    const ordered = good === undefined ? destinations : [good, ...destinations.filter((at) => at !== good)];
    return { destinations: ordered.slice(0, home.limits.maxAddresses), failure };
  }

  async #live(grant: Grant): Promise<ClientEnd> {
    const { home, account, openPort } = this.#options;
    const over = Promise.withResolvers<ClientEnd>();
    const session = new ClientSession({
      home,
      account,
      grant,
      openPort,
      connectionsChanged: (count) => this.#tell({ kind: 'connections', count }),
      lost: (why) => over.resolve({ kind: 'lost', why }),
    });
    this.#session = session;
    const autoDisconnect = this.#autoDisconnect(grant, (failure) => over.resolve({ kind: 'failed', failure }));
    const stopped = (): void => over.resolve({ kind: 'stopped' });
    this.#stop.signal.addEventListener('abort', stopped);
    this.#tell({ kind: 'connected', session, grant });
    session.start();
    const end = await over.promise;
    this.#stop.signal.removeEventListener('abort', stopped);
    autoDisconnect?.cancel();
    this.#session = undefined;
    if (!session.isEnded) await session.close();
    const lastedMs = home.clock.nowMs() - session.startedAtMs;
    this.#retry.sessionEnded(lastedMs);
    if (end.kind === 'lost') this.#tell({ kind: 'lost', why: end.why, lastedMs });
    if (end.kind === 'failed') this.#tell({ kind: 'failed', failure: end.failure });
    return end;
  }

  /** The policy of the user limits how long a session may last, and leaves it to the client to keep to it. */
  #autoDisconnect({ welcome, at }: Grant, due: (failure: ClientFailure) => void): Timer | undefined {
    const seconds = welcome.policy.AutoDisconnect;
    if (seconds === 0) return undefined;
    const failure = refusal(destinationText(at), ErrorCode.AUTO_DISCONNECTED);
    return this.#options.home.clock.after(seconds * 1000, () => due(failure));
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stop;
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#options.home.clock.after(delayMs, done);
      signal.addEventListener('abort', done);
    });
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #tell(event: ClientEvent): void {
    this.#options.observe?.(event);
  }
}

/**
 * Whether other addresses would say the same. A wrong password is wrong everywhere, but a member that wants us to go to its
 * controller (12), has no controller (48) or no place (49) speaks for itself.
 */
function isAnswerOfAll({ kind, code, healsByWaiting }: ClientFailure): boolean {
  return kind === 'untrusted' || (kind === 'refused' && !healsByWaiting && code !== ErrorCode.ACCESS_DENIED);
}

/** What a server said tells people more than that another one was not there. */
function moreTelling(before: Result<Grant>, now: Result<Grant>): Result<Grant> {
  const isSilence = !now.ok && now.failure.kind === 'unreachable';
  return isSilence && !before.ok && before.failure.kind !== 'unreachable' ? before : now;
}
