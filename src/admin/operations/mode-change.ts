import { exportJson, type ConfigDocument } from '#backplane';
import type { ClusterMode } from '#cluster';
import { kindInCluster } from '#hub';
import type { AdminContext, ClusterControl } from './context.ts';
import { changeMode, type AskedMode } from './cluster-setting.ts';

/** As long as the original takes: the answer is out by then, and whoever asked has read it. */
const CHANGE_DELAY_MS = 1_000;
/** Names that a sentence lists; of the rest it says how many. */
const MAX_NAMES = 10;

/**
 * What becomes of this server's configuration in the other part, a sentence for each thing. Clusters have no outgoing
 * cascades and no SecureNAT; this server has none to lose.
 */
export function effectsOfMode(context: AdminContext, mode: ClusterMode): readonly string[] {
  const now = context.cluster?.modes.status().mode ?? 'standalone';
  if (now === mode) return ['all VPN sessions of this server are disconnected and may come back at once'];
  const effects = ['all VPN sessions and administration connections of this server are disconnected'];
  const hubs = context.directory.hubs();
  const users = hubs.reduce((sum, hub) => sum + context.directory.userCount(hub.name), 0);
  const own = hubs.length === 0 ? '' : `${count(hubs.length, 'Virtual Hub')} with ${count(users, 'user')}`;
  const kinds = { static: new Array<string>(), dynamic: new Array<string>() };
  for (const hub of hubs) kinds[kindInCluster(hub.kind)].push(hub.name);
  switch (mode) {
    case 'controller':
      if (now === 'standalone' && kinds.dynamic.length > 0) {
        effects.push(`these Virtual Hubs become dynamic: ${names(kinds.dynamic)}`);
      }
      break;
    case 'member':
      if (own !== '') {
        effects.push(
          `${own} are out of use: a member has the hubs and users of its controller (${names(hubs.map(({ name }) => name))})`,
        );
      }
      if (now === 'controller') effects.push('the members of this cluster lose their controller');
      break;
    case 'standalone':
      if (now === 'controller') effects.push('the members of this cluster lose their controller');
      if (now === 'controller' && own !== '') effects.push(`${own} become stand-alone`);
      if (now === 'member') effects.push('the hubs and users of the cluster are not here any more');
      break;
  }
  return effects;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function names(all: readonly string[]): string {
  const shown = all.slice(0, MAX_NAMES).join(', ');
  return all.length > MAX_NAMES ? `${shown} and ${all.length - MAX_NAMES} more` : shown;
}

/** Everything durable: what is this server's own, and what it shares with the cluster. */
async function exportAll(context: AdminContext, own: ClusterControl['ownBackplane']): Promise<ConfigDocument> {
  const shared = await exportJson(context.backplane, context.clock);
  if (own === undefined || own === context.backplane) return shared;
  const { entries } = await exportJson(own);
  const keys = new Set(entries.map(({ key }) => key));
  return { ...shared, entries: [...entries, ...shared.entries.filter(({ key }) => !keys.has(key))] };
}

/** Keeps a copy of the configuration; resolves with its path. The change itself begins about a second later. */
export async function beginModeChange(
  context: AdminContext,
  cluster: ClusterControl,
  asked: AskedMode,
): Promise<string> {
  const { clock, logger } = context;
  const moment = new Date(clock.wallMs()).toISOString().replace(/[:.]/g, '-');
  const name = `backup-before-${asked.mode}-${moment}.json`;
  const document = await exportAll(context, cluster.ownBackplane);
  const backup = await cluster.keepBackup(name, `${JSON.stringify(document, null, 2)}\n`);
  const effects = effectsOfMode(context, asked.mode);
  logger.warn(
    { mode: asked.mode, backup, effects },
    `this server becomes ${words[asked.mode]}; its configuration is kept in ${backup}`,
  );
  clock.after(CHANGE_DELAY_MS, () => {
    changeMode(cluster.modes, asked).catch((error: unknown) => {
      logger.error({ mode: asked.mode, err: error }, `this server could not become ${words[asked.mode]}`);
    });
  });
  return backup;
}

const words: { readonly [M in ClusterMode]: string } = {
  standalone: 'a stand-alone server',
  controller: 'the controller of a cluster',
  member: 'a member of a cluster',
};
