import { reasonOf } from '#base';
import type { DeskCluster } from './join-visit.ts';
import { refusals } from './refusal.ts';

/** Takes a server out of the list and of the engine. @throws Refusal */
export async function removeServer(
  cluster: Pick<DeskCluster, 'registry' | 'engine' | 'licences'>,
  serverName: string,
): Promise<void> {
  const records = await cluster.registry.list();
  const record = records.find((candidate) => candidate.serverName === serverName);
  if (record === undefined) throw refusals.unknownServer(serverName);
  const others = records.filter((candidate) => candidate !== record && candidate.state === 'joined');
  if (record.isEligible && others.length > 0 && !others.some((other) => other.isEligible)) {
    throw refusals.lastController(serverName);
  }
  // First the list: a controller that takes itself out may not write any more afterwards.
  await cluster.registry.remove(serverName);
  try {
    await cluster.licences?.release(serverName);
    await cluster.engine.expel(serverName);
  } catch (error) {
    await cluster.registry.write(record);
    throw refusals.engine(reasonOf(error));
  }
}
