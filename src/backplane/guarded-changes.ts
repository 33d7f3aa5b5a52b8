import { Conflict, type Backplane, type Guard, type Operation, type Revision } from './backplane.ts';
import type { RecordWatch } from './record-watch.ts';

/** How often a change is tried again when somebody else changed the same thing at the same moment. */
const maxAttempts = 8;

/** What a change does, on condition of what. No operations: there is nothing to do. */
export type ChangePlan = readonly [operations: readonly Operation[], guards: readonly Guard[]];

export interface GuardedChangesOptions {
  readonly backplane: Backplane;
  /** Of the tables that plans are made from. */
  readonly watch: Pick<RecordWatch, 'shows' | 'catchUp'>;
  /**
   * In a cluster only the controller makes these changes: each transaction has this guard, and while there is none changes
   * are refused. Absent: anybody makes them.
   */
  readonly leadership: (() => Guard | undefined) | undefined;
  /** The error for who does not lead. */
  readonly notController: () => Error;
  /** The error for who was never fast enough; `key` is what others keep changing. */
  readonly busy: (key: string, cause: unknown) => Error;
}

/** Changes of records that several may change at once, planned from tables that follow the store. */
export class GuardedChanges {
  readonly #options: GuardedChangesOptions;

  constructor(options: GuardedChangesOptions) {
    this.#options = options;
  }

  /**
   * `plan` looks at the tables as they are and may throw; it is asked again when the store had moved on. Resolves when the
   * change is durable and the tables show it, with its revision; 0 = there was nothing to do.
   */
  async make(plan: () => ChangePlan): Promise<Revision> {
    const { backplane, watch, busy } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const [operations, guards] = plan();
      if (operations.length === 0) return 0;
      const leading = this.#leading();
      try {
        const revision = await backplane.txn(operations, [...guards, ...leading]);
        await watch.shows(revision);
        // What a `PatientStore` found deleted has no revision.
        for (const key of revision === 0 ? deletedBy(operations) : []) await watch.catchUp(key, undefined);
        return revision;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        if (attempt === maxAttempts) throw busy(guards[0]?.key ?? '', error);
      }
      for (const guard of leading) await this.#requireLeadership(guard);
      // The store that refused may be ahead of the tables that the plan was made from.
      for (const { key } of guards) await watch.catchUp(key, await backplane.get(key));
    }
  }

  #leading(): Guard[] {
    const { leadership, notController } = this.#options;
    if (leadership === undefined) return [];
    const guard = leadership();
    if (guard === undefined) throw notController();
    return [guard];
  }

  /** The leadership may have ended before this member has learnt of it. */
  async #requireLeadership(guard: Guard): Promise<void> {
    const { backplane, notController } = this.#options;
    const entry = await backplane.get(guard.key);
    const holds =
      'createRevision' in guard
        ? entry?.createRevision === guard.createRevision
        : entry?.modRevision === guard.modRevision;
    if (!holds) throw notController();
  }
}

const deletedBy = (operations: readonly Operation[]): readonly string[] =>
  operations.flatMap((operation) => (operation.kind === 'delete' ? [operation.key] : []));
