import { reasonOf } from '#base';
import type { DeskCluster } from './join-visit.ts';
import { refusals } from './refusal.ts';
import type { ServerRecord } from './server-registry.ts';

type Cluster = Pick<DeskCluster, 'registry' | 'engine' | 'licences'>;

/**
 * Takes a server out of the engine and of the list. What fails on the way leaves it in the list, so that the same can be
 * done again. @throws Refusal
 */
export async function removeServer(cluster: Cluster, serverName: string): Promise<void> {
  await removableRecord(cluster, serverName);
  await letGo(cluster, serverName);
  try {
    await cluster.registry.remove(serverName);
  } catch (error) {
    throw refusals.storeKeeps(serverName, reasonOf(error));
  }
}

/** The same for the controller that leaves: when it is out of the engine, it may not write the list any more. */
export async function removeItself(cluster: Cluster, serverName: string): Promise<void> {
  const record = await removableRecord(cluster, serverName);
  await cluster.licences?.release(serverName);
  await cluster.registry.remove(serverName);
  try {
    await letGo({ engine: cluster.engine }, serverName);
  } catch (error) {
    // Where even that is not possible, its administrator learns of the first failure.
    await cluster.registry.write(record).catch(() => undefined);
    throw error;
  }
}

async function removableRecord({ registry }: Cluster, serverName: string): Promise<ServerRecord> {
  const records = await registry.list();
  const record = records.find((candidate) => candidate.serverName === serverName);
  if (record === undefined) throw refusals.unknownServer(serverName);
  const others = records.filter((candidate) => candidate !== record && candidate.state === 'joined');
  if (record.isEligible && others.length > 0 && !others.some((other) => other.isEligible)) {
    throw refusals.lastController(serverName);
  }
  return record;
}

async function letGo({ engine, licences }: Omit<Cluster, 'registry'>, serverName: string): Promise<void> {
  try {
    await licences?.release(serverName);
    await engine.expel(serverName);
  } catch (error) {
    throw refusals.engineKeeps(serverName, reasonOf(error));
  }
}
