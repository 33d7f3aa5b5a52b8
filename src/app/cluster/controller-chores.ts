import { Conflict, Unavailable, type Backplane } from '#backplane';
import { inspectCertificate, type Logger } from '#base';
import {
  clusterAuthorityKey,
  ServerRegistry,
  type ClusterMembershipFiles,
  type Controllership,
  type ServerRecord,
} from '#cluster';
import type { Clock, Timer } from '#io';
import { clusterPasswordKey, passwordRecord } from './cluster-password.ts';

/** Where clients find the engines: a JSON list of `host:port`. */
export const endpointsKey = 'cfg/cluster/engine-endpoints';

export interface ControllerChoresOptions {
  readonly shared: Backplane;
  readonly controllership: Controllership;
  readonly files: () => ClusterMembershipFiles | undefined;
  readonly hashedPassword: () => Buffer;
  readonly currentEndpoints: () => Promise<readonly string[]>;
  /** Which servers have an engine of their own, by name. */
  readonly engineRoles: () => Promise<ReadonlyMap<string, 'voter' | 'learner'>>;
  /** What the list of servers says of this one, if it made the cluster. */
  readonly ownRecord: () => Omit<ServerRecord, 'sinceMs' | 'certificateNotAfterMs'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const everyMs = 30_000;
const retryMs = 1_000;

/** What the controller sees to, so that every other eligible server could take over: all of it is in the store. */
export class ControllerChores {
  readonly #options: ControllerChoresOptions;
  readonly #unfollow: () => void;
  readonly #timer: Timer;
  #retry: Timer | undefined;
  #isBusy = false;

  constructor(options: ControllerChoresOptions) {
    this.#options = options;
    this.#unfollow = options.controllership.onChange(() => void this.#round());
    this.#timer = options.clock.every(everyMs, () => void this.#round());
    void this.#round();
  }

  /** Something has changed: not to wait for the next round. */
  look(): void {
    void this.#round();
  }

  stop(): void {
    this.#unfollow();
    this.#timer.cancel();
    this.#retry?.cancel();
  }

  async #round(): Promise<void> {
    const { controllership, logger, clock } = this.#options;
    if (!controllership.isController() || this.#isBusy) return;
    this.#isBusy = true;
    this.#retry?.cancel();
    try {
      await this.#keepPassword();
      await this.#keepAuthority();
      await this.#keepOwnRecord();
      await this.#keepEndpoints();
      await this.#keepRoles();
    } catch (error) {
      const isPassing = error instanceof Conflict || error instanceof Unavailable;
      logger[isPassing ? 'debug' : 'error']({ err: error }, 'what the controller keeps for others is not kept yet');
      this.#retry = clock.after(retryMs, () => void this.#round());
    } finally {
      this.#isBusy = false;
    }
  }

  async #keepPassword(): Promise<void> {
    const { shared, hashedPassword } = this.#options;
    if ((await shared.get(clusterPasswordKey)) === undefined) {
      await this.#put(clusterPasswordKey, passwordRecord(hashedPassword()), 0);
    }
  }

  async #keepAuthority(): Promise<void> {
    const { authority } = this.#options.files() ?? {};
    if (authority !== undefined) await this.#keep(clusterAuthorityKey, JSON.stringify(authority));
  }

  async #keepEndpoints(): Promise<void> {
    const endpoints = await this.#options.currentEndpoints();
    if (endpoints.length > 0) await this.#keep(endpointsKey, JSON.stringify([...endpoints].sort()));
  }

  /** The list of servers says what part of the engine each one has now. */
  async #keepRoles(): Promise<void> {
    const { shared, controllership, engineRoles } = this.#options;
    const registry = new ServerRegistry(shared, () => controllership.guard());
    const roles = await engineRoles();
    for (const record of await registry.list()) {
      const engineRole = roles.get(record.serverName) ?? 'client';
      if (record.engineRole !== engineRole) await registry.noteEngineRole(record.serverName, engineRole);
    }
  }

  async #keepOwnRecord(): Promise<void> {
    const { shared, controllership, clock, files, ownRecord } = this.#options;
    const registry = new ServerRegistry(shared, () => controllership.guard());
    const record = ownRecord();
    const { identity } = files() ?? {};
    if (identity === undefined || (await registry.find(record.serverName)) !== undefined) return;
    const certificateNotAfterMs = inspectCertificate(Buffer.from(identity.certificatePem))?.notAfterMs ?? 0;
    await registry.write({ ...record, sinceMs: clock.wallMs(), certificateNotAfterMs });
  }

  async #keep(key: string, value: string): Promise<void> {
    const entry = await this.#options.shared.get(key);
    if (entry !== undefined && Buffer.from(entry.value).toString() === value) return;
    await this.#put(key, value, entry?.modRevision ?? 0);
  }

  async #put(key: string, value: string, modRevision: number): Promise<void> {
    const guard = this.#options.controllership.guard();
    if (guard === undefined) return;
    await this.#options.shared.txn([{ kind: 'put', key, value }], [{ key, modRevision }, guard]);
  }
}
