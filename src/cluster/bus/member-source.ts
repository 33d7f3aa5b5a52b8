import type { MemberBoot } from '../member-boot.ts';

/** A member of the cluster as the bus has to know it. */
export interface BusMember extends MemberBoot {
  /** `host:port`; empty = not over the network. */
  readonly busAddress: string;
  /** Absent = true: a link to it is kept. False: one is made when there is something to call. */
  readonly keepsLink?: boolean;
}

/** Who is in the cluster. Membership tells; the bus does not know membership. */
export interface MemberSource {
  /** May contain this member itself. */
  busMembers(): readonly BusMember[];
  /** Returns the function that stops it. */
  onChange(changed: () => void): () => void;
}
