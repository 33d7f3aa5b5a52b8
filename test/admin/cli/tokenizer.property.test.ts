import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinWords, splitLine } from '../../../src/admin/cli/syntax/tokenizer.ts';

/** Letters that matter to the tokenizer come up often. */
const word = fc.string({
  minLength: 1,
  unit: fc.constantFrom('a', 'Z', '"', ' ', '\t', '/', ':', 'é', '漢', '-', '='),
});

describe('the quoting of command lines', () => {
  test('a line made of words is taken apart into the same words', () => {
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(splitLine(joinWords(words))).toEqual(words);
      }),
      { numRuns: 5000 },
    );
  });

  test('no line makes it fail, and no word is empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        for (const part of splitLine(line)) expect(part).not.toBe('');
      }),
    );
  });

  test('without quotes, blanks and tabs separate and nothing else does', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[^" \t]+$/), { maxLength: 8 }), (words) => {
        expect(splitLine(`  ${words.join(' \t ')} `)).toEqual(words);
      }),
    );
  });
});
