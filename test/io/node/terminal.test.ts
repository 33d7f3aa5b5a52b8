import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { NodeTerminal } from '#io/node';

function streams(isTty: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY: isTty });
  const output = Object.assign(new PassThrough(), { isTTY: isTty, columns: 100 });
  const errors = new PassThrough();
  return { input, output, errors, shown: () => String(output.read() ?? '') };
}

describe('a script on standard input', () => {
  test('is read line by line, without prompts, to its end', async () => {
    const { input, output, errors, shown } = streams(false);
    const terminal = new NodeTerminal({ input, output, errors });
    expect(terminal.isInteractive).toBe(false);
    input.end('one\r\ntwo\nlast');
    expect(await terminal.readLine('> ')).toBe('one');
    expect(await terminal.readSecret('password: ')).toBe('two');
    expect(await terminal.readLine('> ')).toBe('last');
    expect(await terminal.readLine('> ')).toBeUndefined();
    expect(shown()).toBe('');
  });
});

describe('a person', () => {
  test('sees the prompt, and what they type', async () => {
    const { input, output, errors, shown } = streams(true);
    const terminal = new NodeTerminal({ input, output, errors });
    expect(terminal.isInteractive).toBe(true);
    expect(terminal.columns).toBe(100);
    const answer = terminal.readLine('name> ');
    input.write('alice\r');
    expect(await answer).toBe('alice');
    const screen = shown();
    expect(screen).toContain('name> ');
    expect(screen).toContain('alice');
  });

  test('does not see a secret', async () => {
    const { input, output, errors, shown } = streams(true);
    const terminal = new NodeTerminal({ input, output, errors });
    const answer = terminal.readSecret('password: ');
    input.write('hush\r');
    expect(await answer).toBe('hush');
    const screen = shown();
    expect(screen).toContain('password: ');
    expect(screen).not.toContain('hush');
  });

  test('ends the input with Ctrl+D', async () => {
    const { input, output, errors } = streams(true);
    const terminal = new NodeTerminal({ input, output, errors });
    const answer = terminal.readLine('> ');
    input.write('\u0004');
    expect(await answer).toBeUndefined();
  });

  test('completes with Tab and finds earlier lines with the arrow key', async () => {
    const { input, output, errors } = streams(true);
    const terminal = new NodeTerminal({ input, output, errors });
    const complete = (line: string) => ({ candidates: ['UserList'], replaces: line });
    const completed = terminal.readLine('> ', { complete });
    input.write('UserL\t');
    await nextTurn();
    input.write('\r');
    expect(await completed).toBe('UserList');
    const earlier = terminal.readLine('> ', { history: ['HubList', 'older'] });
    input.write('\u001b[A\r');
    expect(await earlier).toBe('HubList');
  });
});

test('errors go to their own stream', () => {
  const { input, output, errors, shown } = streams(false);
  const terminal = new NodeTerminal({ input, output, errors });
  terminal.writeError('oops\n');
  terminal.write('fine\n');
  terminal.close();
  expect(String(errors.read())).toBe('oops\n');
  expect(shown()).toBe('fine\n');
});
