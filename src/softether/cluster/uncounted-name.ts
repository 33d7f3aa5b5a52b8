import type { Random } from '#io';

const NAME_BYTES = 3;

/** A name that no controller gives, as the original's for log-ins straight at a member. */
export const uncountedName = (userName: string, random: Random): string =>
  `SID-${userName.toUpperCase()}-${random.bytes(NAME_BYTES).toString('hex').toUpperCase()}`;
