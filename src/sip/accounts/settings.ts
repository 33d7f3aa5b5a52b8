import type { LoginGuardLimits } from '#base';
import type { DigestAlgorithm } from './digest.ts';

/** Shorter than the time for which people leave a telephone off; longer than two requests of one. */
export const defaultNonceLifetimeS = 300;

/** So long, in seconds, a nonce may be used at a member that has not made it; 0.5 s to 4 s is how often a request is sent again. */
export const foreignNonceS = 10;

/** RFC 8760 §2.4: the best first. */
export const defaultDigestAlgorithms: readonly DigestAlgorithm[] = Object.freeze(['SHA-256', 'MD5']);

/** All there are. */
export const allDigestAlgorithms: readonly DigestAlgorithm[] = Object.freeze(['SHA-512-256', 'SHA-256', 'MD5']);

/** See `LoginGuard`. Telephones with an old password ask again and again, so they may fail a little more often. */
export const defaultSipGuardLimits: LoginGuardLimits = Object.freeze({
  maxFailuresPerUserAndAddress: 10,
  maxFailuresPerAddress: 50,
  maxFailuresPerUser: 50,
  freeFailures: 2,
  maxFailureDelayMs: 8_000,
  banMs: 300_000,
  maxBanMs: 3_600_000,
  maxFailureEntries: 20_000,
});
