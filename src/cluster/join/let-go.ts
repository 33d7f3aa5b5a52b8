import { isOldKey } from './is-old-key.ts';
import { joinProtocol } from './join-protocol.ts';
import { joinTimes } from './join-times.ts';
import type { DeskCluster, JoinDeskDeps, Visit } from './join-visit.ts';
import { refusals } from './refusal.ts';
import { removeServer } from './remove-server.ts';

/** A server that leaves: its key is proof enough. */
export async function letGo(deps: JoinDeskDeps, cluster: DeskCluster, { channel, session }: Visit): Promise<void> {
  channel.send({ kind: 'share', protocol: joinProtocol, version: deps.version, share: Buffer.alloc(0) });
  channel.trust();
  const request = await channel.next(joinTimes.earlyMs);
  if (request.kind !== 'leave') throw refusals.outOfTurn(request.kind);
  const { serverName, key } = request;
  if (!isOldKey('leave', serverName, key, cluster.authorityPem(), session)) throw refusals.badKey(serverName);
  await removeServer(cluster, serverName);
  deps.logger.info({ server: serverName }, `${serverName} left the cluster`);
  channel.send({ kind: 'done' });
}
