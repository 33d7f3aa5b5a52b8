import {
  defaultClientLimits,
  VpnClient,
  type ClientHome,
  type ClientEvent,
  type ClientSession,
  type OpenFramePort,
} from '#softether';
import { accountOf, createLoadHome } from './load-home.ts';
import type { LoadOptions } from './options.ts';
import { tlsText } from './tls-text.ts';

type Grant = Extract<ClientEvent, { readonly kind: 'connected' }>['grant'];

export interface Member {
  readonly client: VpnClient;
  session: ClientSession | undefined;
}

/** Results of the log-ins of a swarm. */
export interface LogIns {
  readonly up: number;
  readonly failed: number;
  /** From the first dial to the last answer. */
  readonly seconds: number;
  /** Of each log-in that worked, dial to Welcome, in order of length. */
  readonly latenciesMs: readonly number[];
  /** What the failed ones were told, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of the first session: version, cipher suite, key of the server's certificate. */
  readonly tls: string;
  /** Sessions at each address and port: where a controller has sent us. */
  readonly places: Readonly<Record<string, number>>;
}

/** Clients of one account in this process, without a TAP. */
export class Swarm {
  readonly home: ClientHome;
  /** Sessions that were there and have gone without being asked to. */
  lost = 0;
  readonly #options: LoadOptions;
  readonly #members: Member[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #failures = new Map<string, number>();
  readonly #places = new Map<string, number>();
  #tls = '';
  #failed = 0;
  #isStopping = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    // A load generator must not add to the load that it measures.
    const limits = { ...defaultClientLimits, unacknowledgedTimeoutMs: 0, probeAfterMs: 0, notSentLowWaterBytes: 0 };
    this.home = createLoadHome(options, limits);
  }

  get up(): number {
    return this.#members.filter(({ session }) => session?.isEnded === false).length;
  }

  /** Logs in `count` clients, `concurrency` at a time. `openPort` is asked for the port of each. */
  async logIn(count: number, concurrency: number, openPort: (index: number) => OpenFramePort): Promise<LogIns> {
    const startedMs = performance.now();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) await this.#logInOne(openPort(next++));
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
    return {
      up: this.#latenciesMs.length,
      failed: this.#failed,
      seconds: (performance.now() - startedMs) / 1000,
      latenciesMs: this.#latenciesMs.toSorted((a, b) => a - b),
      failures: Object.fromEntries(this.#failures),
      tls: this.#tls,
      places: Object.fromEntries(this.#places),
    };
  }

  /** Waits until each session has all its connections. */
  async complete(timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    const isWhole = ({ session }: Member): boolean =>
      session === undefined || session.isEnded || session.connectionCount >= session.maxConnection;
    while (!this.#members.every(isWhole) && performance.now() < endMs) await pause(50);
  }

  /** Ends all sessions in order. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#members.map(({ client }) => client.stop()));
  }

  #logInOne(openPort: OpenFramePort): Promise<void> {
    const { server } = this.#options;
    const startedMs = performance.now();
    return new Promise((resolve) => {
      const client = new VpnClient({
        home: this.home,
        server,
        account: accountOf(this.#options, this.#members.length + 1),
        openPort,
        goesOn: () => false,
        observe: (event) => {
          if (event.kind === 'connected') {
            this.#latenciesMs.push(performance.now() - startedMs);
            this.#note(event.grant);
            member.session = event.session;
            resolve();
          } else if (event.kind === 'failed') {
            this.#failed++;
            count(this.#failures, event.failure.message);
            resolve();
          } else if (event.kind === 'lost' && !this.#isStopping) {
            this.lost++;
          }
        },
      });
      const member: Member = { client, session: undefined };
      this.#members.push(member);
      void client.run();
    });
  }

  #note({ at, stream, tls }: Grant): void {
    count(this.#places, `${at.address}:${at.port}`);
    if (this.#tls === '') this.#tls = tlsText(tls, stream.tls?.peerCertificate);
  }
}

export function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
