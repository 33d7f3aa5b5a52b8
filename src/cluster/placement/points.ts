/** Points of a member without sessions (softether-protocol §9.6, FARM_BASE_POINT). */
const basePoints = 100_000;
/** "Performance Standard Ratio" of an ordinary member; also what 0 stands for. */
const defaultWeight = 100;

/**
 * `(M − sessions × 100 / weight) × 100000 / M`, neither truncated nor floored: what C5's points are made of. It tells
 * apart members whose points are equal, and orders those that have none left. Equal ratios give equal doubles.
 */
export function scoreOf(sessions: number, weight: number, capacity: number): number {
  const relativeSessions = (sessions * 100) / (weight === 0 ? defaultWeight : weight);
  return ((capacity - relativeSessions) * basePoints) / capacity;
}

/** C5: load of a member as people see it, 100,000 = idle, 0 = full or beyond. `capacity` is M. */
export function pointsOf(sessions: number, weight: number, capacity: number): number {
  return Math.max(0, Math.trunc(scoreOf(sessions, weight, capacity)));
}
