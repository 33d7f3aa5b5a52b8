import { parseMemberId, type MemberId } from '../member-id.ts';

/** So many others try each member: one of them may itself be cut off from the world. */
export const probersPerMember = 3;

const serverOf = (id: MemberId): string => parseMemberId(id)?.server ?? '';

/**
 * Whom `self` tries: each member is tried by the next ones after it in the order of names, which all members compute
 * alike. A server does not try itself: that it reaches its own public address says nothing.
 */
export function probeTargets(self: MemberId, members: readonly MemberId[]): MemberId[] {
  const ring = [...members].sort();
  return ring.filter((_, at) => isProber(self, ring, at));
}

function isProber(self: MemberId, ring: readonly MemberId[], targetAt: number): boolean {
  const server = serverOf(ring[targetAt]!);
  let probers = 0;
  for (let step = 1; step < ring.length && probers < probersPerMember; step++) {
    const id = ring[(targetAt + step) % ring.length]!;
    if (serverOf(id) === server) continue;
    if (id === self) return true;
    probers++;
  }
  return false;
}
