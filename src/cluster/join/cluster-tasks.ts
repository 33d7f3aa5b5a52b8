import { reasonOf } from '#base';
import type { Clock, Random } from '#io';
import { ClusterFailure } from './cluster-failure.ts';
import type { ClusterStep, ClusterSteps, ModeChange, StepProgress } from './cluster-steps.ts';

/** Something that takes a while, for faces that ask how far it is. */
export interface ClusterTask {
  readonly id: string;
  /** `join 192.0.2.1:443` */
  readonly what: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly steps: readonly ClusterStep[];
  /** Path of the backup file; empty while there is none. */
  readonly backup: string;
  /** Empty unless it failed. */
  readonly errorCode: string;
  readonly errorStep: string;
  readonly errorMessage: string;
}

type Writable = { -readonly [K in keyof ClusterTask]: ClusterTask[K] } & { steps: ClusterStep[] };

/** More are forgotten, the oldest first. */
const maxTasks = 32;
/** More are left out. */
const maxSteps = 500;
const idBytes = 8;

/** Tasks of this server. They outlive its changes of mode, in which every connection to it is lost. */
export class ClusterTasks {
  readonly steps: ClusterSteps;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #tasks = new Map<string, Writable>();

  constructor(steps: ClusterSteps, { random, clock }: { readonly random: Random; readonly clock: Clock }) {
    this.steps = steps;
    this.#random = random;
    this.#clock = clock;
  }

  /** Begins, and returns the id under which it can be asked for. */
  start(what: string, run: (steps: ClusterSteps, progress: StepProgress) => Promise<ModeChange | undefined>): string {
    const id = this.#random.bytes(idBytes).toString('hex');
    const empty = { steps: [], backup: '', errorCode: '', errorStep: '', errorMessage: '' };
    const task: Writable = { id, what, state: 'running', ...empty };
    this.#tasks.set(id, task);
    const oldest = this.#tasks.keys().next().value;
    if (this.#tasks.size > maxTasks && oldest !== undefined) this.#tasks.delete(oldest);
    const progress: StepProgress = (step) => {
      if (task.steps.length < maxSteps) task.steps.push(step);
    };
    // In its own turn: who began it shall have the id first, also where it fails at once.
    this.#clock.soon(() => void this.#run(task, () => run(this.steps, progress)));
    return id;
  }

  find(id: string): ClusterTask | undefined {
    return this.#tasks.get(id);
  }

  async #run(task: Writable, run: () => Promise<ModeChange | undefined>): Promise<void> {
    try {
      const change = await run();
      if (change !== undefined) {
        task.backup = change.backup;
        await change.restarted;
      }
      task.state = 'done';
    } catch (error) {
      task.state = 'failed';
      task.errorCode = error instanceof ClusterFailure ? error.code : 'OTHER';
      task.errorStep = error instanceof ClusterFailure ? error.step : task.what;
      task.errorMessage = reasonOf(error);
    }
  }
}
