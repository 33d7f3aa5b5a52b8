import { describe, expect, test } from 'vitest';
import { fuzz } from '../fuzz/harness.ts';
import { sipTargets } from '../fuzz/sip-targets.ts';

const inputs = 500_000;

/** A million inputs in all, the same ones each time. */
const seed = 20_261_123;

describe.each(sipTargets)('the decoder "$name"', (target) => {
  test(`takes or refuses ${inputs} damaged inputs, and does nothing else`, () => {
    expect(fuzz(target, inputs, seed).failures).toEqual([]);
  });
});
