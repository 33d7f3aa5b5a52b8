import { describe, expect, test } from 'vitest';
import { pointsOf } from '#cluster';

describe('points (C5)', () => {
  test.each([
    [0, 100, 100_000, 100_000],
    [1, 100, 100_000, 99_999],
    [10, 100, 100_000, 99_990],
    [45, 100, 100_000, 99_955],
    [5, 50, 100_000, 99_990],
    [1, 300, 100_000, 99_999],
    [3, 300, 100_000, 99_999],
    [10, 100, 4_096, 99_755],
    [4_096, 100, 4_096, 0],
    [5_000, 100, 4_096, 0],
    [2_048, 200, 4_096, 75_000],
    [7, 0, 100_000, 99_993],
  ])('%i sessions at weight %i of %i are %i points', (sessions, weight, capacity, points) => {
    expect(pointsOf(sessions, weight, capacity)).toBe(points);
  });
});
