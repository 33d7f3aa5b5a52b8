import type { Guard } from '#backplane';
import type { MemberBoot } from '../member-boot.ts';

/** Whether a boot of a member is alive, as guards: so that a write rests on what the engine knows, not on what was seen. */
export interface MemberLiveness {
  /** Holds while the lease of this boot lives. undefined = it is not known to live. */
  aliveGuard(boot: MemberBoot): Guard | undefined;
  /**
   * Holds while this boot has no lease. undefined = it may be alive, or it is too early to say: while the engine is
   * lost, and for two lease times after it came back, nobody is declared dead.
   */
  goneGuard(boot: MemberBoot): Guard | undefined;
  /** One of the answers may be another one now. Returns the function that stops it. */
  onLiveness(changed: () => void): () => void;
}
