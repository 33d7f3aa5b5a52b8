import { expect, test } from 'vitest';
import { forgetOldest } from '#base';

test('a sixty-fourth of a table goes, the oldest first, and each is told of', () => {
  const table = new Map(Array.from({ length: 128 }, (_, at) => [at, `v${at}`]));
  table.delete(0);
  const gone: string[] = [];
  forgetOldest(table, (value, key) => gone.push(`${key} ${value}`));
  expect(gone).toEqual(['1 v1', '2 v2']);
  expect(table.size).toBe(125);
});

test('of a small table one goes, of an empty one none', () => {
  const table = new Map([[1, 'a']]);
  forgetOldest(table);
  expect(table.size).toBe(0);
  forgetOldest(table);
});
