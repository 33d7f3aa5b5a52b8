import { describe, expect, test } from 'vitest';
import { fuzz } from '../fuzz/harness.ts';
import { softEtherTargets } from '../fuzz/softether-targets.ts';

const inputs = 170_000;

/** A million inputs in all, the same ones each time: see test/fuzz/softether-codec.ts for others. */
const seed = 20_261_123;

describe.each(softEtherTargets)('the decoder "$name"', (target) => {
  test(`takes or refuses ${inputs} damaged inputs, and does nothing else`, () => {
    expect(fuzz(target, inputs, seed).failures).toEqual([]);
  });
});
