/** One thing that must be right for the server to be of use. */
export interface HealthCheck {
  /** In lower case, for `/readyz`: `store`, `listeners`, `certificate`. */
  readonly name: string;
  /** What is wrong, for people, or undefined. Asked at each request: cheap, and without a secret in its answer. */
  readonly problem: () => string | undefined;
  /** Shown, but no reason to send sessions elsewhere. */
  readonly isHint?: boolean;
}

export interface HealthReport {
  /** HTTP status: 200, or 503 when something is wrong. */
  readonly status: 200 | 503;
  /** Plain text, a line for each check: `store: ok`. */
  readonly body: string;
}

/**
 * `/healthz`: this process answers, so there is no point in restarting it. `/readyz`: it can take new sessions, so a
 * load balancer may send them. A server that is stopping is healthy and not ready.
 */
export class Health {
  readonly #checks: HealthCheck[] = [];
  #notReady: string | undefined = 'the server is starting';
  #isController: () => boolean = () => true;

  addCheck(check: HealthCheck): void {
    this.#checks.push(check);
  }

  /** Of a server in a cluster. */
  leads(isController: () => boolean): void {
    this.#isController = isController;
  }

  /** All is up. */
  started(): void {
    this.#notReady = undefined;
  }

  /** From now on new sessions should go elsewhere; `why` is shown. */
  stopping(why: string): void {
    this.#notReady = why;
  }

  healthz(): HealthReport {
    return { status: 200, body: 'ok\n' };
  }

  controllerz(): HealthReport {
    if (this.#notReady !== undefined) return { status: 503, body: `server: ${this.#notReady}\n` };
    return this.#isController() ? { status: 200, body: 'controller\n' } : { status: 503, body: 'member\n' };
  }

  readyz(): HealthReport {
    if (this.#notReady !== undefined) return { status: 503, body: `server: ${this.#notReady}\n` };
    const results = this.#checks.map(({ name, problem, isHint = false }) => ({ name, isHint, problem: problem() }));
    return {
      status: results.every(({ problem, isHint }) => problem === undefined || isHint) ? 200 : 503,
      body: `${['server: ok', ...results.map(({ name, problem }) => `${name}: ${problem ?? 'ok'}`)].join('\n')}\n`,
    };
  }
}
