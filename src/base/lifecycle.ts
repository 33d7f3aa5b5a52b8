/** A part of the program that is started once and stopped once. `stop` also works if `start` failed half-way. */
export interface Component {
  readonly name: string;
  start?(): Promise<void> | void;
  stop(): Promise<void> | void;
}

export interface StopFailure {
  readonly name: string;
  readonly error: unknown;
}

/** Starts parts in order and stops them in reverse. Whoever started something stops it, whatever fails on the way. */
export class Lifecycle {
  readonly #started: Component[] = [];
  #stopping: Promise<readonly StopFailure[]> | undefined;

  /**
   * Starts `component` after all before it. If that fails, everything that was started
   * (this one too) is stopped before the error goes on.
   */
  async start(component: Component): Promise<void> {
    if (this.#stopping !== undefined) throw new Error(`cannot start ${component.name}: stopping already`);
    this.#started.push(component);
    try {
      await component.start?.();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops everything in reverse order; one that fails does not keep the others up. Later calls wait for the first. */
  stop(): Promise<readonly StopFailure[]> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<readonly StopFailure[]> {
    const failures: StopFailure[] = [];
    for (let component = this.#started.pop(); component !== undefined; component = this.#started.pop()) {
      try {
        await component.stop();
      } catch (error) {
        failures.push({ name: component.name, error });
      }
    }
    return failures;
  }
}
