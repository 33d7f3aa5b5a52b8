import type { MemberId } from './member-id.ts';

/** One start of one member. A member that came back is another one: what lived in the old is gone. */
export interface MemberBoot {
  readonly member: MemberId;
  /** Random, chosen at the start of the member. */
  readonly boot: string;
}
