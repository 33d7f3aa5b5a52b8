import type { MemberId } from './member-id.ts';

/** One start of one member. A member that came back is another one: what lived in the old is gone. */
export interface MemberBoot {
  readonly member: MemberId;
  /** Random, chosen at the start of the member. */
  readonly boot: string;
}

/**
 * Where a placed object lives: enough to reach it from anywhere in the cluster. Of CommuniGate's cluster this is the
 * Task handler: a reference that contains the member, so that an event finds its object from any other member.
 */
export interface Handle extends MemberBoot {
  /** Unique within its member's boot. */
  readonly id: string;
}
