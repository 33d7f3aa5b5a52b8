import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentationMarkdown, operations } from '#admin';

test('docs/operations/json-rpc.md is what the table of operations says (npm run generate writes it)', () => {
  expect(readFileSync('docs/operations/json-rpc.md', 'utf8')).toBe(documentationMarkdown());
});

test('every operation has words for people, and a command of its own', () => {
  const supported = [...operations.values()].filter((operation) => operation.noun !== '');
  for (const { about, name } of supported) expect([name, about]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
  const commands = supported.map(({ noun, verb }) => `${noun} ${verb}`);
  expect(commands.filter((command, index) => commands.indexOf(command) !== index)).toEqual([]);
});
