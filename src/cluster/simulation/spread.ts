/** How evenly sessions lie on members, measured against their weights. */
export interface Spread {
  /** Of the member that is farthest off its share, as a part of that share. */
  readonly largestDeviation: number;
  readonly meanDeviation: number;
  /** The same in sessions. */
  readonly largestDifference: number;
}

export function spreadOf(
  sessions: ArrayLike<number>,
  weights: ArrayLike<number>,
  isUp: (at: number) => boolean,
): Spread {
  let weight = 0;
  let total = 0;
  let members = 0;
  for (let at = 0; at < sessions.length; at++) {
    if (!isUp(at)) continue;
    weight += weights[at]!;
    total += sessions[at]!;
    members++;
  }
  let largestDeviation = 0;
  let largestDifference = 0;
  let sum = 0;
  for (let at = 0; at < sessions.length && total > 0; at++) {
    if (!isUp(at)) continue;
    const ideal = (total * weights[at]!) / weight;
    const difference = Math.abs(sessions[at]! - ideal);
    largestDifference = Math.max(largestDifference, difference);
    largestDeviation = Math.max(largestDeviation, difference / ideal);
    sum += difference / ideal;
  }
  return { largestDeviation, largestDifference, meanDeviation: members === 0 ? 0 : sum / members };
}
