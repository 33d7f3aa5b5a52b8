import type { Logger } from '#base';
import type { Controllership } from '#cluster';
import type { Commands } from '#io';

/** A hook that hangs must not hold up the next change. */
const hookTimeoutMs = 10_000;

export interface ControllerHookOptions {
  /** Path, or a name that is looked for in PATH. */
  readonly program: string;
  readonly controllership: Pick<Controllership, 'isController' | 'onChange'>;
  readonly commands: Commands;
  readonly logger: Logger;
}

/**
 * Runs a program with the word `controller` when this server becomes the controller, and `member` when it is it no more:
 * it moves a floating address, or changes a name in DNS. One run at a time; of changes meanwhile the last one counts.
 */
export class ControllerHook {
  readonly #options: ControllerHookOptions;
  readonly #unwatch: () => void;
  /** What the program was last told: that this server leads. */
  #told = false;
  #isStopping = false;
  #run: Promise<void> | undefined;

  constructor(options: ControllerHookOptions) {
    this.#options = options;
    this.#unwatch = options.controllership.onChange(() => this.#look());
    this.#look();
  }

  /** The program is told that this server is not the controller, if it had been told that it is. */
  async stop(): Promise<void> {
    this.#unwatch();
    this.#isStopping = true;
    this.#look();
    while (this.#run !== undefined) await this.#run;
  }

  get #leads(): boolean {
    return !this.#isStopping && this.#options.controllership.isController();
  }

  #look(): void {
    const leads = this.#leads;
    if (this.#run !== undefined || leads === this.#told) return;
    this.#told = leads;
    this.#run = this.#call(leads ? 'controller' : 'member').finally(() => {
      this.#run = undefined;
      this.#look();
    });
  }

  async #call(word: 'controller' | 'member'): Promise<void> {
    const { program, commands, logger } = this.#options;
    try {
      const { exitCode, stderr } = await commands.run(program, [word], { timeoutMs: hookTimeoutMs });
      if (exitCode === 0) logger.info({ program, word }, `the hook of the controller was told "${word}"`);
      else logger.error({ program, word, exitCode, stderr }, `the hook of the controller failed at "${word}"`);
    } catch (error) {
      logger.error({ err: error, program, word }, `the hook of the controller could not be run: ${program} ${word}`);
    }
  }
}
