import { equalConstantTime, sha0 } from '#base';
import type { Random } from '#io';
import type { AttemptGuard } from './attempt-guard.ts';
import { joinProtocol } from './join-protocol.ts';
import { joinTimes } from './join-times.ts';
import type { DeskCluster, Visit } from './join-visit.ts';
import { refusals } from './refusal.ts';

export interface ProofDeps {
  readonly random: Random;
  readonly version: string;
  readonly guard: AttemptGuard;
}

/**
 * The controller's half of the proof, in both directions. The newcomer proves first: who only pretends to want to join
 * gets nothing to try passwords on. An attempt that is broken off after the first step counts as a failure.
 */
export async function provePassword(deps: ProofDeps, cluster: DeskCluster, visit: Visit): Promise<void> {
  const { guard, random, version } = deps;
  const { channel, hello, session } = visit;
  const { address } = visit.stream.remote;
  const hashedPassword = cluster.hashedPassword();
  if (equalConstantTime(hashedPassword, sha0(''))) throw refusals.noPassword();
  // Loaded only here: most servers never let anybody in.
  const { newPasswordProof } = await import('./password-proof.ts');
  const own = newPasswordProof('B', hashedPassword, random);
  const result = own.finish(hello.share, session);
  if (result === undefined) throw refusals.badRequest('the share of the proof is not a point of P-256');
  channel.send({ kind: 'share', protocol: joinProtocol, version, share: own.share });
  let isProven: boolean;
  try {
    const proof = await channel.next(joinTimes.earlyMs);
    if (proof.kind !== 'proof') throw refusals.outOfTurn(proof.kind);
    isProven = result.isConfirmedBy(proof.confirmation);
  } catch (error) {
    guard.failed(address);
    throw error;
  }
  if (!isProven) throw refusals.wrongPassword(guard.failed(address));
  guard.succeeded(address);
  channel.send({ kind: 'proof', confirmation: result.confirmation, clusterId: cluster.clusterId });
}
