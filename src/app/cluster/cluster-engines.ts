import { EngineAdministration, type EngineAdmission, type EngineEndpoint, type EnginePeer } from '#backplane';
import type { EngineCandidate, EngineSettings } from '#cluster';
import type { MutualTlsIdentity } from '#io';
import type { ServerOptions } from '../server-options.ts';

export interface ClusterEnginesOptions extends Pick<ServerOptions, 'logger'> {
  readonly io: Pick<ServerOptions['io'], 'http2' | 'clock'>;
  /** Where the engines answer; read at each call. */
  readonly endpoints: () => readonly EngineEndpoint[];
  /** What this server shows them; read at each connection. */
  readonly identity: () => MutualTlsIdentity;
}

/** The engines of all servers of the cluster, administered with the rights of this server: mostly by the controller. */
export class ClusterEngines {
  readonly #options: ClusterEnginesOptions;

  constructor(options: ClusterEnginesOptions) {
    this.#options = options;
  }

  /** The first server names itself before others can be kept out. */
  begin(serverName: string, own: EngineEndpoint): Promise<void> {
    return this.#administer([own], async ({ access }) => {
      await access.allow(serverName, 'eligible');
      await access.enable();
    });
  }

  /** It begins as a client of the engines that are there; a seat of its own comes when it runs (`EngineSeats`). */
  admit({ serverName }: EngineCandidate): Promise<EngineSettings> {
    return this.administer(async (administration) => {
      await administration.access.allow(serverName, 'member');
      return { role: 'client', endpoints: await endpointsOf(administration), initialCluster: '' };
    });
  }

  expel(serverName: string): Promise<void> {
    return this.administer(async (administration) => {
      const member = (await administration.members()).find(({ name }) => name === serverName);
      if (member !== undefined) await administration.remove(member.id);
      // Last: a server that takes itself out gives up the right to do so.
      await administration.access.forbid(serverName);
    });
  }

  makeEligible(serverName: string): Promise<void> {
    return this.administer(({ access }) => access.allow(serverName, 'eligible'));
  }

  /** Where clients find the engines that may serve them. */
  endpoints(): Promise<string[]> {
    return this.administer(endpointsOf);
  }

  /** Which servers have an engine, by name. */
  roles(): Promise<ReadonlyMap<string, 'voter' | 'learner'>> {
    return this.administer(async (administration) => {
      const members = await administration.members();
      return new Map(members.map(({ name, isLearner }) => [name, isLearner ? 'learner' : 'voter']));
    });
  }

  /** A place for the engine of a server that runs. */
  seat(peer: EnginePeer): Promise<EngineAdmission> {
    return this.administer((administration) => administration.admit(peer));
  }

  /** That engine runs. */
  seated(admission: EngineAdmission): Promise<void> {
    return this.administer((administration) => administration.complete(admission));
  }

  /** Those whose copy is complete get the vote that they shall have; their names. */
  promoteReady(): Promise<readonly string[]> {
    return this.administer((administration) => administration.promoteReady());
  }

  administer<T>(act: (administration: EngineAdministration) => Promise<T>): Promise<T> {
    return this.#administer(this.#options.endpoints(), act);
  }

  async #administer<T>(
    endpoints: readonly EngineEndpoint[],
    act: (administration: EngineAdministration) => Promise<T>,
  ): Promise<T> {
    const { io, logger, identity } = this.#options;
    const { http2, clock } = io;
    const tls = () => ({ identity: identity() });
    const administration = new EngineAdministration({ endpoints, tls, http2, clock, logger });
    try {
      return await act(administration);
    } finally {
      administration.close();
    }
  }
}

async function endpointsOf(administration: EngineAdministration): Promise<string[]> {
  const members = await administration.members();
  return members.flatMap(({ isLearner, clientUrls }) => (isLearner ? [] : clientUrls.map((url) => new URL(url).host)));
}
