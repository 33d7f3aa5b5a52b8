import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../../src/admin/cli/exit-code.ts';
import { FakeFiles, FakeTerminal, hubfarm } from './fake-machine.ts';

const document = readFileSync(join(import.meta.dirname, '../../../docs/operations/simulate.md'), 'utf8');
const small = ['simulate', '--members', '3', '--weights', '100,200,100', '--sessions', '3k', '--duration', '30d'];

describe('hubfarm simulate', () => {
  test('prints how sessions spread', async () => {
    const { code, output, errors } = await hubfarm(small);
    expect(code).toBe(ExitCode.ok);
    expect(output).toMatch(/^members +3, weights 100,200,100$/m);
    expect(output).toMatch(/^log-ins +3,000$/m);
    expect(output).toMatch(/^spread at the end +at most 0\.\d\d % off/m);
    expect(errors).toBe('');
  });

  test('writes the files that it is asked for', async () => {
    const files = new FakeFiles();
    await hubfarm([...small, '--samples', '10', '--csv', 'a.csv', '--plot', 'a.svg'], { files });
    expect((await files.read('a.csv', 1_000_000)).toString()).toMatch(/^time_s,/);
    expect((await files.read('a.svg', 1_000_000)).toString()).toMatch(/^<svg /);
  });

  test('shows a person how far it is, and leaves nothing of that behind', async () => {
    const terminal = new FakeTerminal([], true);
    await hubfarm([...small, '--sessions', '12k'], { terminal });
    expect(terminal.errors).toMatch(/^(\r\x1b\[K\[#*\.*\] \d+ %.*)+\r\x1b\[K$/);
  });

  test.each([
    [['--members', '0'], /members: 1 to 10000/],
    [['--members', 'many'], /--members: a number such as/],
    [['--duration', '5'], /--duration: a time such as/],
    [['--dynamic', '150%'], /--dynamic: a share such as/],
    [['--weights', '100,,5'], /--weights: a number/],
  ])('%j is wrong usage, and says why', async (words, message) => {
    const { code, errors } = await hubfarm(['simulate', ...words]);
    expect(code).toBe(ExitCode.usage);
    expect(errors).toMatch(message);
  });

  test('has the options that its page names, and no other', async () => {
    const { output } = await hubfarm(['simulate', '--help']);
    const known = [...output.matchAll(/^ +(--[a-z-]+)/gm)].map(([, option]) => option).filter((o) => o !== '--help');
    const documented = [...document.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option]) => option);
    expect(documented.sort()).toEqual(known.sort());
  });
});
