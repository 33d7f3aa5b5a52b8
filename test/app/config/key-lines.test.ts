import { describe, expect, test } from 'vitest';
import { parse } from 'smol-toml';
import { keyLines } from '../../../src/app/config/key-lines.ts';

const document = `# a comment with [brackets] and = signs
top = 1

[log] # the section
level = "info"
"quoted key" = 'a # no comment'

[listeners]
addresses = [
  "443", # not = a key
  ["]", { a = "}" }],
]
after = true
text = """
[not.a.section]
level = 1
"""
literal = '''
x = "'''
a.b.c = 1
inline = { d = 1, e = [2] }
  [ spaced . "out" ]
  key=1
last = 2026-11-22`;

describe('keyLines', () => {
  test('finds each key and section, whatever stands between them', () => {
    expect(parse(document)).toBeDefined();
    expect(Object.fromEntries(keyLines(document))).toEqual({
      top: 2,
      log: 4,
      'log.level': 5,
      'log.quoted key': 6,
      listeners: 8,
      'listeners.addresses': 9,
      'listeners.after': 13,
      'listeners.text': 14,
      'listeners.literal': 18,
      'listeners.a': 20,
      'listeners.a.b': 20,
      'listeners.a.b.c': 20,
      'listeners.inline': 21,
      spaced: 22,
      'spaced.out': 22,
      'spaced.out.key': 23,
      'spaced.out.last': 24,
    });
  });

  test('knows Windows line ends and an empty document', () => {
    expect(Object.fromEntries(keyLines('[log]\r\nlevel = 1\r\n\r\nformat = 2\r\n'))).toEqual({
      log: 1,
      'log.level': 2,
      'log.format': 4,
    });
    expect(keyLines('').size).toBe(0);
  });

  test('comes to its end with what is not TOML', () => {
    for (const bad of ['=', ']', '[', '[[', '"""', "'''", 'a = [', 'a = "', '\u0000', '[a', '.', 'a..b = 1', '{}']) {
      expect(keyLines(`${bad}\nb = 1`).size).toBeGreaterThanOrEqual(0);
    }
  });
});
