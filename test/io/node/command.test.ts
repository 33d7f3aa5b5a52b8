import { describe, expect, test } from 'vitest';
import { nodeCommands } from '#io/node';

const run = (
  script: string,
  options: { timeoutMs?: number; input?: string } = {},
): ReturnType<typeof nodeCommands.run> =>
  nodeCommands.run(process.execPath, ['-e', script], { timeoutMs: 10_000, ...options });

describe('a command', () => {
  test('gives its output and exit code; a bad exit is an answer', async () => {
    expect(await run('console.log("out"); console.error("err"); process.exitCode = 3')).toEqual({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('reads what it is given', async () => {
    const result = await run('process.stdin.pipe(process.stdout)', { input: 'hello' });
    expect(result.stdout).toBe('hello');
  });

  test('may ignore what it is given', async () => {
    expect(await run('process.exit(0)', { input: 'x'.repeat(1_000_000) })).toMatchObject({ exitCode: 0 });
  });

  test('is killed when its time is up', async () => {
    await expect(run('setInterval(() => {}, 1000)', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  test('that is not installed is named', async () => {
    await expect(nodeCommands.run('no-such-program', ['-x'], { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'COMMAND_NOT_FOUND',
      message: 'cannot run no-such-program: it is not installed, or not in PATH',
    });
  });

  test('that talks without end is stopped', async () => {
    const endless = 'setInterval(() => process.stdout.write("x".repeat(1e6)), 0)';
    await expect(run(endless)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});
