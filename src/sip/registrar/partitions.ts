import type { MemberId } from '#cluster';

/** What accounts are divided into: the unit that one backend owns. */
export const partitions = 256;

export function partitionOf(aor: string): number {
  return mixed(aor) % partitions;
}

/** The backend that a partition falls to (highest random weight): a change of the backends moves only what it must. */
export function ownerAmong(partition: number, backends: readonly MemberId[]): MemberId | undefined {
  let best: MemberId | undefined;
  let bestScore = -1;
  for (const backend of backends) {
    const score = mixed(`${partition} ${backend}`);
    if (score > bestScore || (score === bestScore && best !== undefined && backend < best)) {
      best = backend;
      bestScore = score;
    }
  }
  return best;
}

/** FNV-1a, then the finish of MurmurHash3, which spreads what differs in the last characters over all bits. */
function mixed(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
