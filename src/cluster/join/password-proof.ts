import type { Random } from '#io';
import { secretScalar, Spake2 } from './spake2.ts';

/**
 * One side's proof that it knows the administration password. What both know of it is SHA-0(password): vpncmd hands no
 * more to a member, and the controller keeps no more. The newcomer is A, the controller B.
 */
export function newPasswordProof(role: 'A' | 'B', hashedPassword: Uint8Array, random: Random): Spake2 {
  return new Spake2({
    role,
    identityA: 'hubfarm cluster: newcomer',
    identityB: 'hubfarm cluster: controller',
    w: secretScalar(hashedPassword, 'hubfarm join 1'),
    random,
  });
}
