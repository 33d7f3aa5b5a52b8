import { exportJson, type Backplane, type ConfigDocument } from '#backplane';
import type { ClusterMode } from '#cluster';
import { kindInCluster, type HubRecord } from '#hub';
import type { Clock } from '#io';
import type { AdminContext, ClusterControl } from './context.ts';
import { changeMode, type AskedMode } from './cluster-setting.ts';

/** As long as the original takes: the answer is out by then, and whoever asked has read it. */
const CHANGE_DELAY_MS = 1_000;
/** Names that a sentence lists; of the rest it says how many. */
const MAX_NAMES = 10;

export interface Configured {
  readonly hubs: readonly HubRecord[];
  readonly userCount: (hubName: string) => number;
}

/**
 * What becomes of a server's configuration in another part, a sentence for each thing; empty = nothing. Clusters have
 * no outgoing cascades and no SecureNAT: a server that has none has none to lose.
 */
export function lossesOfMode(now: ClusterMode, to: ClusterMode, { hubs, userCount }: Configured): readonly string[] {
  if (now === to) return [];
  const losses: string[] = [];
  const users = hubs.reduce((sum, hub) => sum + userCount(hub.name), 0);
  const own = `${count(hubs.length, 'Virtual Hub')} with ${count(users, 'user')} (${names(hubs)})`;
  if (now === 'controller') losses.push('the members of this cluster lose their controller');
  if (now === 'member') losses.push('the hubs and users of the cluster are not here any more');
  else if (hubs.length > 0 && to === 'member') {
    losses.push(`${own} go out of use: a member has the hubs and users of its controller`);
  } else if (hubs.length > 0 && to === 'standalone') {
    losses.push(`${own} become stand-alone`);
  }
  const dynamic = hubs.filter(({ kind }) => kindInCluster(kind) === 'dynamic');
  if (now === 'standalone' && to === 'controller' && dynamic.length > 0) {
    losses.push(`these Virtual Hubs become dynamic: ${names(dynamic)}`);
  }
  return losses;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function names(hubs: readonly HubRecord[]): string {
  const shown = hubs.slice(0, MAX_NAMES).map(({ name }) => name);
  return hubs.length > MAX_NAMES ? `${shown.join(', ')} and ${hubs.length - MAX_NAMES} more` : shown.join(', ');
}

/** The losses, and what a change of part does to connections in any case. */
export function effectsOfMode({ cluster, directory }: AdminContext, to: ClusterMode): readonly string[] {
  const now = cluster?.modes.status().mode ?? 'standalone';
  const configured = { hubs: directory.hubs(), userCount: (hub: string) => directory.userCount(hub) };
  return [
    'all VPN sessions and administration connections of this server are disconnected',
    ...lossesOfMode(now, to, configured),
  ];
}

/** A file with all configuration, before a change of part: its name, and what is in it. */
export async function configurationBackup(options: {
  readonly to: ClusterMode;
  readonly clock: Clock;
  /** What is shared with the cluster, and what is this server's own; may be one store. */
  readonly stores: readonly Backplane[];
  readonly losses: readonly string[];
}): Promise<{ readonly name: string; readonly text: string }> {
  const { to, clock, losses } = options;
  const stores = [...new Set(options.stores)];
  const [first, ...others] = await Promise.all(stores.map((store) => exportJson(store, clock)));
  const document = others.reduce(mergeDocuments, first!);
  const moment = new Date(clock.wallMs()).toISOString().replace(/[:.]/g, '-');
  const text = JSON.stringify({ ...document, notes: losses }, null, 2);
  return { name: `backup-before-${to}-${moment}.json`, text: `${text}\n` };
}

function mergeDocuments(into: ConfigDocument, document: ConfigDocument): ConfigDocument {
  const known = new Set(into.entries.map(({ key }) => key));
  const entries = [...into.entries, ...document.entries.filter(({ key }) => !known.has(key))];
  return { ...into, entries: entries.sort((a, b) => (a.key < b.key ? -1 : 1)) };
}

/**
 * Keeps a copy of the configuration, and changes the part as far as that leaves the server as it is; resolves with the path of
 * the copy, or rejects with what is in the way: a wrong password, nobody at the address. The services stop about a second
 * later. Who has to leave a cluster first, which costs the connections, is answered before anything begins.
 */
export async function beginModeChange(
  context: AdminContext,
  cluster: ClusterControl,
  asked: AskedMode,
): Promise<string> {
  const { clock, logger } = context;
  const { mode } = asked;
  const effects = effectsOfMode(context, mode);
  const backup = await cluster.backUp(mode);
  logger.warn({ mode, backup, effects }, `this server becomes ${words[mode]}; its configuration is kept in ${backup}`);
  const change = async (): Promise<void> => {
    try {
      await changeMode(cluster.modes, asked);
    } catch (error) {
      logger.error({ mode, err: error }, `this server could not become ${words[mode]}`);
      throw error;
    }
  };
  if (leavesFirst(cluster.modes.status().mode, mode)) {
    clock.after(CHANGE_DELAY_MS, () => void change().catch(() => undefined));
  } else await change();
  return backup;
}

const leavesFirst = (now: ClusterMode, to: ClusterMode): boolean =>
  now !== 'standalone' && to !== 'standalone' && (now === 'controller') !== (to === 'controller');

const words: { readonly [M in ClusterMode]: string } = {
  standalone: 'a stand-alone server',
  controller: 'the controller of a cluster',
  member: 'a member of a cluster',
};
