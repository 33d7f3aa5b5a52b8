import type { Logger } from '#base';
import type { ClusterModes, ClusterModeStatus, ClusterSteps, ModeChange, StepProgress } from '#cluster';
import type { ControllerSettings, MemberSettings } from '#cluster';
import { HubfarmError } from '#base';

export interface StepModesOptions {
  readonly steps: ClusterSteps;
  readonly logger: Logger;
  /** Weight and "controller functions only" of a server that is in a cluster already. */
  readonly adjust: (settings: ControllerSettings) => Promise<void>;
  /** SHA-0 of the controller's password, as the cluster knows it; undefined = it is not known here. */
  readonly knownPassword: () => Buffer | undefined;
}

const normalWeight = 100;

/** What SoftEther's programs know of clusters, done with the steps that ours have. Their progress goes to the log. */
export class StepModes implements ClusterModes {
  readonly #options: StepModesOptions;

  constructor(options: StepModesOptions) {
    this.#options = options;
  }

  status(): ClusterModeStatus {
    const { steps } = this.#options;
    const settings = steps.settings();
    return {
      mode: settings?.mode ?? 'standalone',
      weight: settings?.weight ?? normalWeight,
      isControllerOnly: settings?.isControllerOnly ?? false,
      publicAddress: settings?.publicAddress ?? '',
      publicPorts: settings?.publicPorts ?? [],
      controllerHost: settings?.controller.host ?? '',
      controllerPort: settings?.controller.port ?? 0,
      connection: steps.connection(),
    };
  }

  async setStandalone(): Promise<void> {
    const { steps } = this.#options;
    if (steps.settings() === undefined) return;
    // As the original: the server goes, whether its controller can be told or not.
    this.#follow(await steps.leave({ isForced: true }, logSteps(this.#options.logger)), 'a server that stands alone');
  }

  async setController(settings: ControllerSettings): Promise<void> {
    const { steps, adjust } = this.#options;
    const mode = steps.settings()?.mode;
    if (mode === 'controller') {
      await adjust(settings);
      return;
    }
    if (mode === 'member') await this.#left();
    const { weight, isControllerOnly: controllerOnly } = settings;
    this.#follow(
      await steps.init({ weight, controllerOnly }, logSteps(this.#options.logger)),
      'the controller of a cluster',
    );
  }

  async setMember(settings: MemberSettings): Promise<void> {
    const { steps, knownPassword } = this.#options;
    if (steps.settings()?.mode === 'controller') await this.#left();
    const hashedPassword = settings.hashedPassword ?? knownPassword();
    if (hashedPassword === undefined) {
      throw new HubfarmError('NO_PASSWORD', "the controller's administration password is not known: give it");
    }
    const { controllerHost: host, controllerPort: port, publicAddress, publicPorts, weight } = settings;
    const request = { host, port, hashedPassword, publicPorts, weight };
    const joined = await steps.join(
      publicAddress === '' ? request : { ...request, publicAddress },
      logSteps(this.#options.logger),
    );
    this.#follow(joined, 'a member of a cluster');
  }

  async #left(): Promise<void> {
    const change = await this.#options.steps.leave({ isForced: true }, logSteps(this.#options.logger));
    await change.restarted;
  }

  /** Whoever asked has gone when the server is up again: the log says how it went. */
  #follow({ restarted }: ModeChange, as: string): void {
    const { logger } = this.#options;
    restarted.then(
      () => logger.info({}, `this server is ${as} now`),
      (error: unknown) => logger.error({ err: error }, `this server did not become ${as}`),
    );
  }
}

/** Progress for those who cannot ask for it. */
export function logSteps(logger: Logger): StepProgress {
  return ({ step, text, state }) => {
    if (state === 'failed' || state === 'warning') logger.warn({ step, state }, `cluster: ${text}`);
    else logger.info({ step, state }, `cluster: ${text}`);
  };
}
