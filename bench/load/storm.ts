import { createNodeRandom } from '#io/node';
import { accountOf } from './load-home.ts';
import type { LoadOptions } from './options.ts';
import { CpuMeter, logInReport, report } from './report.ts';
import { StormClient, type StormHome } from './storm/client.ts';
import { Poll } from './storm/poll.ts';
import { Script } from './storm/script.ts';
import { createContext, describeTls } from './storm/tls.ts';
import { count, type LogIns } from './swarm.ts';

/** Nothing has come of any log-in for so long. */
const PATIENCE_MS = 20_000;
const KEEP_ALIVE_EVERY_MS = 5_000;
const CLOSING_MS = 3_000;
/** Time for whoever measures the server to look at its clock, and for the server to finish what came and went. */
const AFTER_WARM_UP_MS = 1_000;

/**
 * Log-ins per second, by a client that does nothing but what they need: OpenSSL and the kernel are called themselves, requests
 * are made once. One connection a session, password or nothing, IPv4.
 */
export function loadStorm(options: LoadOptions): Promise<boolean> {
  const { server, sessions, warmUpSessions, concurrency, holdSeconds } = options;
  const storm = new Storm(options);
  if (warmUpSessions > 0) {
    storm.logIn(warmUpSessions, concurrency);
    storm.stop();
    report('warm', {});
    storm.hold(AFTER_WARM_UP_MS);
  }
  const meter = new CpuMeter();
  const logIns = storm.logIn(sessions, concurrency);
  const values = logInReport(logIns, meter.read().seconds);
  report('up', values);
  storm.hold(holdSeconds * 1000);
  const { up, lost } = storm;
  storm.stop();
  report('login', { ...values, held: { seconds: holdSeconds, up, lost }, server });
  return Promise.resolve(logIns.failed === 0 && lost === 0);
}

class Storm {
  lost = 0;
  readonly #options: LoadOptions;
  readonly #home: StormHome;
  #clients: StormClient[] = [];

  constructor(options: LoadOptions) {
    const scripts = new Map<string, Script>();
    const identity = {
      product: { name: 'Load Client', version: 501, build: 9674 },
      uniqueId: createNodeRandom().bytes(20),
    };
    this.#options = options;
    this.#home = {
      poll: new Poll(),
      context: createContext(options),
      scriptFor: (host) => {
        const known = scripts.get(host);
        if (known !== undefined) return known;
        const made = new Script(host, accountOf(options), options.password, identity);
        scripts.set(host, made);
        return made;
      },
    };
  }

  get up(): number {
    return this.#clients.filter((client) => client.isUp).length;
  }

  logIn(sessions: number, concurrency: number): LogIns {
    const { host, port } = this.#options.server;
    const latenciesMs: number[] = [];
    const failures = new Map<string, number>();
    const places = new Map<string, number>();
    const underWay = new Set<StormClient>();
    let tls = '';
    let begun = 0;
    const begin = (): void => {
      begun++;
      underWay.add(new StormClient(this.#home, host, port, { settled, lost: () => this.lost++ }));
    };
    const settled = (client: StormClient, failure: string | undefined): void => {
      underWay.delete(client);
      if (failure === undefined) {
        latenciesMs.push(performance.now() - client.startedMs);
        this.#clients.push(client);
        count(places, client.place);
        if (tls === '') tls = describeTls(client.tls);
      } else count(failures, failure);
      if (begun < sessions) begin();
    };
    const startedMs = performance.now();
    while (begun < Math.min(concurrency, sessions)) begin();
    while (underWay.size > 0) {
      const before = latenciesMs.length;
      this.#home.poll.run(performance.now() + PATIENCE_MS, () => underWay.size > 0);
      if (latenciesMs.length > before) continue;
      begun = sessions;
      for (const client of [...underWay]) client.fail('no answer');
    }
    const seconds = (performance.now() - startedMs) / 1000;
    return {
      up: latenciesMs.length,
      failed: [...failures.values()].reduce((sum, times) => sum + times, 0),
      seconds,
      latenciesMs: latenciesMs.sort((a, b) => a - b),
      failures: Object.fromEntries(failures),
      tls,
      places: Object.fromEntries(places),
    };
  }

  hold(ms: number): void {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs) {
      this.#home.poll.run(Math.min(endMs, performance.now() + KEEP_ALIVE_EVERY_MS), () => true);
      for (const client of this.#clients) client.keepAlive();
    }
  }

  /** Ends all sessions in order. */
  stop(): void {
    const closing = this.#clients;
    this.#clients = [];
    for (const client of closing) client.close();
    this.#home.poll.run(performance.now() + CLOSING_MS, () => !closing.every((client) => client.isClosed));
    for (const client of closing) client.free();
  }
}
