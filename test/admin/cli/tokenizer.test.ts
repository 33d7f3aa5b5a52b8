import { expect, test } from 'vitest';
import { joinWords, splitLine } from '../../../src/admin/cli/syntax/tokenizer.ts';

test.each([
  ['UserCreate alice /NOTE:none', ['UserCreate', 'alice', '/NOTE:none']],
  ['UserCreate alice "/REALNAME:Alice Liddell"', ['UserCreate', 'alice', '/REALNAME:Alice Liddell']],
  ['UserCreate alice /REALNAME:"Alice Liddell"', ['UserCreate', 'alice', '/REALNAME:Alice Liddell']],
  ['a\tb', ['a', 'b']],
  ['say ""hi""', ['say', '"hi"']],
  ['say """hi you"""', ['say', '"hi you"']],
  ['"never closed', ['never closed']],
  ['a"b c"d', ['ab cd']],
  ['""', ['"']],
  ['" "', [' ']],
  ['', []],
  ['   ', []],
])('%j is taken apart as vpncmd does', (line, words) => {
  expect(splitLine(line)).toEqual(words);
});

test('words are quoted only where it is needed, as vpncmd echoes them', () => {
  expect(joinWords(['UserCreate', 'alice', '/REALNAME:Alice Liddell', '/NOTE:say "x"'])).toBe(
    'UserCreate alice "/REALNAME:Alice Liddell" "/NOTE:say ""x"""',
  );
  expect(joinWords(['/NOTE:"x"'])).toBe('/NOTE:""x""');
});

test('an empty word, which no line can hold, is left out', () => {
  expect(joinWords(['a', '', 'b'])).toBe('a b');
});
