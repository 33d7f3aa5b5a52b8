import type { Frontend } from './description.ts';

/** One part of a table of slots, both ends included, and whose it is. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly frontend: Frontend;
}

export interface SlotTable {
  readonly size: number;
  readonly ranges: readonly SlotRange[];
}

/** Turns that one frontend may have in a round; finer weights are rounded. */
const maxTurns = 16;
/** Primes: the step of each frontend's walk must not divide the number of slots. */
const hashSizes = [61, 127, 251, 509, 1021, 4093] as const;
const largestSize = 4093;
const slotsPerFrontend = 15;

/** How many turns each has in a round: the weights, made small. */
function turnsOf(frontends: readonly Frontend[]): readonly number[] {
  const divisor = frontends.map(({ weight }) => weight).reduce(greatestCommonDivisor, 0);
  const largest = Math.max(...frontends.map(({ weight }) => weight)) / divisor;
  const scale = largest > maxTurns ? maxTurns / largest : 1;
  return frontends.map(({ weight }) => Math.max(1, Math.round((weight / divisor) * scale)));
}

/** One round in which each has its turns, well mixed: A B A C A, not A A A B C. */
function round(frontends: readonly Frontend[]): readonly number[] {
  const turns = turnsOf(frontends);
  const total = turns.reduce((sum, count) => sum + count, 0);
  const credit = turns.map(() => 0);
  return Array.from({ length: total }, () => {
    turns.forEach((count, at) => (credit[at] = (credit[at] ?? 0) + count));
    const next = credit.indexOf(Math.max(...credit));
    credit[next] = (credit[next] ?? 0) - total;
    return next;
  });
}

/** For a counter that goes round: a slot for each turn. */
export function turnTable(frontends: readonly Frontend[]): SlotTable {
  return tableOf(frontends, round(frontends));
}

/**
 * For a hash: as many slots for each as its weight says, and nearly all slots stay whose they are when a frontend comes
 * or goes. Each frontend walks all slots in an order of its own, and they take the next free one in turns.
 */
export function hashTable(frontends: readonly Frontend[]): SlotTable {
  const turns = round(frontends);
  const size = hashSizes.find((prime) => prime >= turns.length * slotsPerFrontend) ?? largestSize;
  const owners = new Array<number | undefined>(size).fill(undefined);
  const walks = frontends.map(({ name }) => ({
    at: hash(`${name} start`) % size,
    step: 1 + (hash(`${name} step`) % (size - 1)),
  }));
  for (let taken = 0; taken < size; taken += 1) {
    const owner = turns[taken % turns.length] ?? 0;
    const walk = walks[owner];
    if (walk === undefined) break;
    while (owners[walk.at] !== undefined) walk.at = (walk.at + walk.step) % size;
    owners[walk.at] = owner;
  }
  return tableOf(
    frontends,
    owners.map((owner) => owner ?? 0),
  );
}

function tableOf(frontends: readonly Frontend[], owners: readonly number[]): SlotTable {
  const ranges: { first: number; last: number; frontend: Frontend }[] = [];
  for (const [slot, owner] of owners.entries()) {
    const frontend = frontends[owner];
    const open = ranges.at(-1);
    if (frontend === undefined) continue;
    if (open?.frontend === frontend) open.last = slot;
    else ranges.push({ first: slot, last: slot, frontend });
  }
  return { size: owners.length, ranges };
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** FNV-1a, 32 bits, stirred: the same on every machine and in every version. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
