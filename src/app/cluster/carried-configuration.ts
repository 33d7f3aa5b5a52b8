import { join } from 'node:path';
import { configurationBackup, lossesOfMode } from '#admin';
import { importJson, Unavailable } from '#backplane';
import { HubfarmError } from '#base';
import type { ClusterMode, ClusterState } from '#cluster';
import type { ServerMembers } from '../member/server-members.ts';
import type { ServerOptions } from '../server-options.ts';

const backupMaxBytes = 256 * 1024 * 1024;
const importDeadlineMs = 120_000;
const pollMs = 100;
/** What a backup holds of this server alone stays as it is; so does the key of the SIP Farm, which members use already. */
const ownKeys = ['cfg/server/', 'cfg/cluster/', 'cfg/sip/secret'];

/** What is configured here, when the server gets another part: what would be lost, the backup before, the import after. */
export class CarriedConfiguration {
  readonly #options: ServerOptions;
  readonly #state: ClusterState;
  readonly #members: () => ServerMembers;

  /** `members` throws while the server is started again. */
  constructor(options: ServerOptions, state: ClusterState, members: () => ServerMembers) {
    this.#options = options;
    this.#state = state;
    this.#members = members;
  }

  losses(to: ClusterMode): readonly string[] {
    const { directory } = this.#members().first;
    const now = this.#state.current?.settings.mode ?? 'standalone';
    const configured = { hubs: directory.hubs(), userCount: (hub: string) => directory.userCount(hub) };
    return lossesOfMode(now, to, configured);
  }

  /** Resolves with the path of the backup. */
  async backUp(to: ClusterMode): Promise<string> {
    const { io, config } = this.#options;
    const { stores } = this.#members().parts;
    const losses = this.losses(to);
    // What is the cluster's, only servers that may control it can read as a whole.
    const isItsOwn = this.#state.current?.settings.isEligible ?? true;
    const kept = isItsOwn ? [stores.patient, stores.local] : [stores.local];
    const { name, text } = await configurationBackup({ to, clock: io.clock, stores: kept, losses });
    const path = join(config.server.dataDirectory, name);
    await io.files.writeAtomic(path, text);
    return path;
  }

  /** Hubs, users and statistics of a backup. What belongs to single servers stays. */
  async import(path: string): Promise<void> {
    const bytes = await this.#options.io.files.read(path, backupMaxBytes);
    if (bytes === undefined) throw new HubfarmError('NO_BACKUP', `${path} is not there`);
    const document = JSON.parse(bytes.toString('utf8')) as { readonly entries: readonly { readonly key: string }[] };
    const entries = document.entries.filter(({ key }) => !ownKeys.some((prefix) => key.startsWith(prefix)));
    // What was interrupted may be done or not: only what is missing is written then.
    await this.#whileInterrupted(() =>
      importJson(this.#members().parts.stores.patient, { ...document, entries }, { keep: ownKeys }),
    );
  }

  /** Runs it again as long as the engine is interrupted, which a busy disk is enough for. */
  async #whileInterrupted(run: () => Promise<unknown>): Promise<void> {
    const { clock } = this.#options.io;
    const untilMs = clock.nowMs() + importDeadlineMs;
    for (;;) {
      try {
        await run();
        return;
      } catch (error) {
        if (!(error instanceof Unavailable) || clock.nowMs() > untilMs) throw error;
      }
      await new Promise<void>((resolve) => void clock.after(pollMs, resolve));
    }
  }
}
