import type { MemberId } from '#cluster';
import { compareMembers } from './member-calls.ts';

/** FNV-1a, 32 bits: a number that a member keeps over restarts, whoever computes it. */
export function hashOfMember(member: MemberId): number {
  return hashOfText(member);
}

export function hashOfText(text: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x0100_0193);
  // FNV leaves the upper bits of short names alike.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The `Id` of each member on the wire: not 0, unique, and the same from one list to the next. */
export function memberNumbers(members: readonly MemberId[]): ReadonlyMap<MemberId, number> {
  const taken = new Set<number>();
  const sorted = [...members].sort(compareMembers);
  return new Map(
    sorted.map((member) => {
      let id = hashOfMember(member) || 1;
      while (taken.has(id)) id = (id + 1) >>> 0 || 1;
      taken.add(id);
      return [member, id];
    }),
  );
}
