import type { Frontend } from '../../description.ts';
import type { SlotTable } from '../../spread.ts';

/** A chain, or a table with chains in it. Each closing brace has a line of its own: older nft wants it so. */
export const block = (head: string, body: readonly string[]): string[] => [
  `${head} {`,
  ...body.map((line) => (line === '' ? '' : `\t${line}`)),
  '}',
];

export const set = (items: readonly (string | number)[]): string =>
  items.length === 1 ? String(items[0]) : `{ ${items.join(', ')} }`;

export const map = (entries: readonly (readonly [key: string, value: string])[]): string =>
  `map { ${entries.map(([key, value]) => `${key} : ${value}`).join(', ')} }`;

/** `map { 0 : A, 1-2 : B }` of a table of slots. */
export const slotMap = ({ ranges }: SlotTable, valueOf: (frontend: Frontend) => string): string =>
  map(
    ranges.map(({ first, last, frontend }) => [first === last ? String(first) : `${first}-${last}`, valueOf(frontend)]),
  );

/**
 * The seed of all hashes: a second balancer, or the same one after a reload, hashes alike. Without it the kernel takes a
 * random one.
 */
export const seed = 'seed 0x68756266';
