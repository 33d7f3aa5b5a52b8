import { describe, expect, test } from 'vitest';
import { fuzz, tryInput } from './harness.ts';
import { keptInputs } from './kept-inputs.ts';
import { sipTargets } from './sip-targets.ts';

const inputs = 4000;
const seed = 20_261_122;

describe.each(sipTargets)('the decoder "$name"', (target) => {
  test(`takes or refuses ${inputs} damaged inputs, and does nothing else`, () => {
    const report = fuzz(target, inputs, seed);
    expect(report.failures).toEqual([]);
    // Else the damage is so great, or so small, that it proves nothing
    expect(report.accepted).toBeGreaterThan(inputs / 100);
    expect(report.accepted).toBeLessThan(inputs);
  });

  test('survives what once broke something', () => {
    for (const { hex } of keptInputs('sip-codec').filter((kept) => kept.target === target.name)) {
      expect(tryInput(target, Buffer.from(hex, 'hex')).why).toBeUndefined();
    }
  });
});
