import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandTable } from '../../../src/admin/cli/commands/table.ts';
import { unavailableCommands } from '../../../src/admin/cli/commands/unavailable.ts';
import { ExitCode } from '../../../src/admin/cli/exit-code.ts';
import { findCommand } from '../../../src/admin/cli/syntax/find-command.ts';
import { splitLine } from '../../../src/admin/cli/syntax/tokenizer.ts';
import { verbTable } from '../../../src/admin/cli/verbs/verb-table.ts';
import { hubfarm } from './fake-machine.ts';

const document = readFileSync(join(import.meta.dirname, '../../../docs/operations/command-line.md'), 'utf8');

/** `hubfarm hub  create | list` → [['hub', 'create'], ['hub', 'list']] */
const summaries = [...document.matchAll(/^hubfarm (\w+) {2,}(\w+(?: \| \w+)*)$/gm)].flatMap(
  ([, noun = '', verbs = '']) => verbs.split(' | ').map((verb) => [noun, verb] as const),
);

const examples = [...document.matchAll(/^hubfarm ([a-z]+ [^[\n|]*?)(?: {2,}#.*| \| .*)?$/gm)]
  .map(([, words = '']) => words.trim())
  .filter((words) => !/^\w+ {2,}/.test(words));

describe('docs/operations/command-line.md', () => {
  test('names every verb there is, and no other', () => {
    const own = verbTable.filter(({ verb }) => verb !== '').map(({ noun, verb }) => `${noun} ${verb}`);
    const documented = summaries.map((path) => path.join(' '));
    expect(documented.filter((path) => !path.startsWith('completion ')).sort()).toEqual(own.sort());
    expect(document).toContain('hubfarm status');
  });

  test('names every command of the table, and no other', () => {
    const documented = [...document.matchAll(/`([A-Z][A-Za-z0-9]+)`/g)].map(([, name = '']) => name);
    expect([...new Set(documented)].sort()).toEqual(commandTable.map(({ name }) => name).sort());
  });

  test('has examples that the program understands', async () => {
    expect(examples.length).toBeGreaterThan(5);
    for (const example of examples) {
      const words = splitLine(example);
      const command = words.findIndex((word) => word === '/CMD');
      if (command >= 0) findCommand(words[command + 1] ?? '');
      const { code, errors } = await hubfarm([
        ...words,
        ...(words.includes('--server') ? [] : ['--data-dir', '/none']),
      ]);
      // What is wrong with them here is at most that there is no server and no file.
      expect([code, errors], example).not.toEqual([ExitCode.usage, expect.any(String)]);
    }
  });

  test('lists the exit codes', () => {
    const listed = [...document.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code));
    expect(listed).toEqual(Object.values(ExitCode));
  });
});

test('no command is both available and not, and every one has words of its own for help', () => {
  const names = commandTable.map(({ name }) => name);
  expect(new Set([...names, ...unavailableCommands]).size).toBe(names.length + unavailableCommands.length);
  expect(names.length + unavailableCommands.length).toBe(209);
  for (const { title, help, parameters, calls } of commandTable) {
    expect(title).not.toBe('');
    expect(help).toMatch(/\.$/);
    for (const parameter of parameters) expect(parameter.help).toMatch(/\.$/);
    expect(new Set(calls).size).toBe(calls.length);
  }
});
