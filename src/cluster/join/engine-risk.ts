import type { EngineRole } from './cluster-settings.ts';

export interface EngineSeat {
  readonly serverName: string;
  readonly engineRole: EngineRole | 'unknown';
  readonly isUp: boolean;
}

/** What the engine of the cluster does not outlast, for people; empty while it outlasts the loss of any one server. */
export function engineRisk(servers: readonly EngineSeat[]): string {
  const voters = servers.filter(({ engineRole }) => engineRole === 'voter');
  const missing = voters.filter(({ isUp }) => !isUp);
  const majority = Math.floor(voters.length / 2) + 1;
  const spare = voters.length - missing.length - majority;
  if (voters.length === 0 || servers.length === 1 || spare > 0) return '';
  if (spare < 0)
    return `the engine has lost its majority (${namesOf(missing)} away): nothing can be changed until it is back`;
  const cure = missing.length > 0 ? `bring ${namesOf(missing)} back` : cureFor(servers);
  const [only] = voters;
  if (voters.length === 1) {
    return `the engine runs on ${only!.serverName} alone: while that server is away nothing can be changed; ${cure}`;
  }
  const running = voters.filter(({ isUp }) => isUp);
  return `one more failure stops the engine: without ${namesOf(running, 'or')} nothing can be changed; ${cure}`;
}

function cureFor(servers: readonly EngineSeat[]): string {
  const [next] = servers.filter(({ engineRole, isUp }) => engineRole === 'client' && isUp);
  return next === undefined
    ? 'let another server join'
    : `${next.serverName} gets a vote within a minute, if etcd-server is installed there`;
}

const namesOf = (servers: readonly EngineSeat[], word = 'and'): string =>
  servers.map(({ serverName }) => serverName).join(` ${word} `);
