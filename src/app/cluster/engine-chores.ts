import { join } from 'node:path';
import { EngineUpkeep, exportText, type Backplane, type EngineAdministration } from '#backplane';
import type { Logger } from '#base';
import type { Controllership } from '#cluster';
import type { Clock, Files, Timer } from '#io';

type Administer = <T>(act: (administration: EngineAdministration) => Promise<T>) => Promise<T>;

export interface EngineChoresOptions {
  readonly administer: Administer;
  readonly shared: Pick<Backplane, 'backup' | 'list'>;
  readonly controllership: Pick<Controllership, 'isController' | 'onChange'>;
  /** Where the daily backups go; made when the first one is written. */
  readonly directory: string;
  /** Days; 0 = no backups. */
  readonly backupsKept: number;
  readonly files: Pick<Files, 'exists' | 'remove' | 'makeDirectory' | 'writeNew'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 15 * 60_000;
/** Not in the middle of a take-over. */
const firstLookMs = 60_000;
const dayMs = 86_400_000;
/** A server that was no controller for so long still clears away what it wrote before. */
const clearedDays = 60;
/** A copy of the store, for the machines that the cluster is on, and its configuration, for any others. */
const kinds = ['db', 'json'] as const;
type Kind = (typeof kinds)[number];
/** What only the machines of this cluster may have, as with `hubfarm config export`. */
const keptHere = ['cfg/cluster/'];

/** What the controller does for the engine: two backups a day, and space given back to the disks. */
export class EngineChores {
  readonly #options: EngineChoresOptions;
  readonly #unfollow: () => void;
  #upkeep: EngineUpkeep | undefined;
  #timers: readonly Timer[] = [];
  #isBusy = false;

  constructor(options: EngineChoresOptions) {
    this.#options = options;
    this.#unfollow = options.controllership.onChange(() => this.#follow());
    this.#follow();
  }

  stop(): void {
    this.#unfollow();
    this.#end();
  }

  #follow(): void {
    const { administer, controllership, clock, logger } = this.#options;
    const leads = controllership.isController();
    if (leads === (this.#upkeep !== undefined)) return;
    if (!leads) {
      this.#end();
      return;
    }
    this.#upkeep = new EngineUpkeep({ administration: reach(administer), clock, logger });
    this.#upkeep.start();
    this.#timers = [
      clock.after(firstLookMs, () => void this.#backUp()),
      clock.every(lookEveryMs, () => void this.#backUp()),
    ];
  }

  #end(): void {
    this.#upkeep?.stop();
    this.#upkeep = undefined;
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  async #backUp(): Promise<void> {
    if (this.#options.backupsKept === 0 || this.#isBusy) return;
    this.#isBusy = true;
    for (const kind of kinds) await this.#backUpAs(kind);
    this.#isBusy = false;
  }

  async #backUpAs(kind: Kind): Promise<void> {
    const { shared, directory, files, clock, logger } = this.#options;
    const path = this.#pathOf(clock.wallMs(), kind);
    try {
      if (await files.exists(path)) return;
      await files.makeDirectory(directory);
      if (kind === 'db') await shared.backup(path);
      else await files.writeNew(path, exportText(shared, clock, { omit: keptHere }));
      logger.info({ path }, 'a backup of the cluster was written');
      await this.#clearOld(kind);
    } catch (error) {
      logger.error({ err: error, path }, 'the backup of the cluster could not be written: tried again in 15 minutes');
    }
  }

  async #clearOld(kind: Kind): Promise<void> {
    const { backupsKept, files, clock } = this.#options;
    for (let age = backupsKept; age < backupsKept + clearedDays; age++) {
      await files.remove(this.#pathOf(clock.wallMs() - age * dayMs, kind));
    }
  }

  #pathOf(wallMs: number, kind: Kind): string {
    return join(this.#options.directory, `cluster-${new Date(wallMs).toISOString().slice(0, 10)}.${kind}`);
  }
}

/** A connection for each order: there is one an hour. */
function reach(administer: Administer): ConstructorParameters<typeof EngineUpkeep>[0]['administration'] {
  return {
    members: () => administer((administration) => administration.members()),
    status: (member) => administer((administration) => administration.status(member)),
    defragment: (member) => administer((administration) => administration.defragment(member)),
    moveLead: (from, to) => administer((administration) => administration.moveLead(from, to)),
    disarmNoSpace: () => administer((administration) => administration.disarmNoSpace()),
  };
}
