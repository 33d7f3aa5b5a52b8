import { describe, expect, test } from 'vitest';
import { cliCommands, runProgram, type CliRuntime } from '#admin/cli';
import { configCommand } from '../../src/app/config-command.ts';
import { exampleConfig } from '../../src/app/config/example.ts';

/** Runs `hubfarm config …` with one file, `hubfarm.toml`. */
async function run(file: Buffer | string, ...words: string[]) {
  const said = { out: '', err: '' };
  const runtime = {
    version: '0',
    terminal: {
      columns: 80,
      write: (text: string) => (said.out += text),
      writeError: (text: string) => (said.err += text),
      close: () => {},
    },
    files: { read: () => Promise.resolve(Buffer.from(file)) },
  } as unknown as CliRuntime;
  const exitCode = await runProgram(['config', ...words], runtime, [...cliCommands, configCommand]);
  return { exitCode, ...said };
}

describe('hubfarm config', () => {
  test('check says that a file is good', async () => {
    const text = '[log]\nlevel = "debug"\n';
    expect(await run(text, 'check', 'hubfarm.toml')).toEqual({
      exitCode: 0,
      out: 'hubfarm.toml: no problem found\n',
      err: '',
    });
  });

  test('check lists every problem with its line, and those of --set', async () => {
    const text = '[log]\nlevle = "debug"\n';
    expect(await run(text, 'check', 'hubfarm.toml', '--set', 'log.level=loud')).toEqual({
      exitCode: 1,
      out: '',
      err:
        'hubfarm.toml:2: unknown setting log.levle: did you mean log.level?\n' +
        '--set log.level=loud: log.level must be one of "debug", "info", "warn", "error", not "loud"\n',
    });
  });

  test('check refuses what is not text', async () => {
    const { exitCode, err } = await run(Buffer.from([0xff, 0xfe]), 'check', 'hubfarm.toml');
    expect({ exitCode, err }).toEqual({ exitCode: 1, err: 'hubfarm.toml: not UTF-8 text\n' });
  });

  test('example prints the documented example file', async () => {
    expect((await run('', 'example')).out).toBe(exampleConfig());
  });
});
