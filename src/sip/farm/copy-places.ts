import type { FarmMember } from './farm-membership.ts';
import { Rendezvous } from './rendezvous.ts';

/** A call's Call-ID as 32 bits that are as good as random. */
export type CallHash = (callId: string) => number;

/**
 * Who keeps a copy of a call's media: of the members on this machine the one that would be its owner next, and of those
 * elsewhere the same. One of the two is the next owner among all, whose work its messages are when this member dies.
 */
export function keepersOf(self: FarmMember, members: readonly FarmMember[], hash: number): readonly FarmMember[] {
  const others = members.filter(({ token, isReachable }) => isReachable && token !== self.token);
  const working = others.filter(({ isInFarm }) => isInFarm);
  const all = working.length > 0 ? working : others;
  return [true, false].flatMap((isNear) => {
    const group = all.filter(({ machine }) => (machine === self.machine) === isNear);
    return new Rendezvous(group).owner(hash) ?? [];
  });
}

/** Addresses of the machine that this member is on, as they are now. */
export type OwnAddress = (address: string) => boolean;

/**
 * Who goes on with media that were bound to these addresses: a member of a machine that has them now. The one that had them,
 * if it is back; else the owner of the call among them. undefined: they are nowhere, at the moment.
 */
export function heirOf(
  { self, members }: { readonly self: FarmMember; readonly members: readonly FarmMember[] },
  { owner, addresses }: { readonly owner: string; readonly addresses: readonly string[] },
  hash: () => number,
  isOwn: OwnAddress,
): FarmMember | undefined {
  const isHere = addresses.every((address) => isOwn(address));
  const able = members.filter((member) => {
    if (member.token === self.token) return isHere;
    if (!member.isReachable) return false;
    if (member.machine === self.machine) return isHere;
    return addresses.every((address) => member.addresses.includes(address));
  });
  if (able.length < 2) return able[0];
  const former = able.find(({ name }) => name === owner);
  if (former !== undefined) return former;
  const working = able.filter(({ isInFarm }) => isInFarm);
  return new Rendezvous(working.length > 0 ? working : able).owner(hash());
}
