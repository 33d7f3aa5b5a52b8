import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Clock } from '#io';
import { VirtualClock } from '#io/sim';
import type { LogSettings } from '../../src/app/config/sections.ts';
import { createLogger, createRecordWriter, openLogOutput, type LogOutput } from '../../src/app/log.ts';

const clock = { wallMs: () => Date.UTC(2026, 10, 22, 5, 6, 7, 89) } as Clock;

function record(settings: Partial<LogSettings> = {}, isTerminal = false, isColoured = false) {
  const lines: string[] = [];
  const output: LogOutput = { write: (line) => void lines.push(line), flush: () => Promise.resolve(), droppedLines: 0 };
  const all: LogSettings = { level: 'info', format: 'auto', ...settings };
  const writeRecord = createRecordWriter({ format: all.format, output, isTerminal, isColoured });
  return { lines, logger: createLogger({ level: all.level, clock, writeRecord }) };
}

describe('the log', () => {
  test('is one JSON object a line where nobody reads along', () => {
    const { lines, logger } = record();
    logger.child({ hub: 'OFFICE' }).info({ session: 'SID-1' }, 'session opened');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('}\n')).toBe(true);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: '2026-11-22T05:06:07.089Z',
      hub: 'OFFICE',
      session: 'SID-1',
      message: 'session opened',
    });
  });

  test('leaves out what is less important than the level', () => {
    const { lines, logger } = record({ level: 'warn' });
    logger.debug({}, 'a');
    logger.info({}, 'b');
    logger.warn({}, 'c');
    logger.error({}, 'd');
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['c', 'd']);
  });

  test('keeps the cause of an error', () => {
    const { lines, logger } = record();
    logger.error({ error: new Error('cannot store', { cause: new Error('disk full') }) }, 'change lost');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      error: { message: 'cannot store', cause: { message: 'disk full' } },
    });
    logger.error({ err: new Error('cannot send') }, 'change lost');
    expect(JSON.parse(lines[1]!)).toMatchObject({ err: { message: 'cannot send' } });
  });

  test('blanks secrets that somebody logged against the rule', () => {
    const { lines, logger } = record();
    logger.info({ password: 'hunter2', user: { hashedKey: 'cafe', name: 'anna' } }, 'user made');
    expect(lines[0]).not.toMatch(/hunter2|cafe/);
    expect(lines[0]).toContain('anna');
    const user = { hashedKey: 'cafe' };
    logger.info({ user, list: [1], sessionKey: 'beef', err: Object.assign(new Error('x'), { ntHash: 'f00d' }) }, 'y');
    expect(lines[1]).not.toMatch(/cafe|beef|f00d/);
    expect(JSON.parse(lines[1]!)).toMatchObject({ user: { hashedKey: '(secret)' }, list: [1], err: { message: 'x' } });
    // What is logged stays whole for whoever logs it.
    expect(user).toEqual({ hashedKey: 'cafe' });
  });

  test('is text on a terminal, and JSON there too when the settings say so', () => {
    const { lines, logger } = record({}, true);
    logger.warn({ port: 443, why: 'in use', address: '[::1]:443' }, 'port not opened');
    expect(lines[0]).toMatch(/^\d\d:\d\d:07\.089 WARN {2}port not opened port=443 why="in use" address=\[::1\]:443\n$/);
    const json = record({ format: 'json' }, true);
    json.logger.info({}, 'x');
    expect(json.lines[0]).toMatch(/^\{/);
    const text = record({ format: 'text' });
    text.logger.info({}, 'x');
    expect(text.lines[0]).toMatch(/INFO {2}x\n$/);
  });

  test('lets no client write on the terminal: control characters are shown, not sent', () => {
    const { lines, logger } = record({}, true);
    logger.info({ client: '\u001b[2J\nINFO fake\u009b1m' }, 'hello \u001b]0;title\u0007\r\nnext');
    expect(lines[0]?.slice(0, -1)).not.toMatch(/\p{Cc}/u);
    expect(lines[0]).toContain('hello \\u001b]0;title\\u0007\\u000d\\u000anext');
  });

  test('shows an error in one line, and where it arose below it when it is grave', () => {
    const { lines, logger } = record({}, true);
    const error = new Error('cannot store');
    logger.warn({ err: error }, 'trying again');
    logger.error({ error }, 'giving up');
    expect(lines[0]).toMatch(/trying again err="cannot store"\n$/);
    expect(lines[1]).toMatch(/giving up error="cannot store"\n {4}at .*log\.test\.ts/);
  });

  test('is coloured only when asked', () => {
    const { lines, logger } = record({}, true, true);
    logger.error({}, 'x');
    expect(lines[0]).toContain('\u001b[31mERROR');
  });
});

describe('the log output', () => {
  test('hands lines on, and knows when all are taken', async () => {
    const stream = new PassThrough();
    const output = openLogOutput(stream, new VirtualClock());
    output.write('a\n');
    output.write('b\n');
    await output.flush();
    expect(String(stream.read())).toBe('a\nb\n');
    expect(output.droppedLines).toBe(0);
  });

  test('writes a line at once, and those that follow it closely together', () => {
    const clock = new VirtualClock();
    const writes: string[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        writes.push(chunk.toString());
        done();
      },
    });
    const output = openLogOutput(stream, clock);
    for (const line of ['a\n', 'b\n', 'c\n']) output.write(line);
    expect(writes).toEqual(['a\n']);
    clock.advance(100);
    expect(writes).toEqual(['a\n', 'b\nc\n']);
    output.write('d\n');
    expect(writes.at(-1)).toBe('d\n');
  });

  test('drops lines that nobody reads, counts them, and does not grow', () => {
    const stream = new Writable({ write: () => {} });
    const output = openLogOutput(stream, new VirtualClock());
    for (let line = 0; line < 3000; line += 1) output.write('x'.repeat(1024));
    expect(stream.writableLength).toBeLessThan(1_100_000);
    expect(output.droppedLines).toBeGreaterThan(1900);
  });

  test('survives that its reader goes away', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const output = openLogOutput(stream, new VirtualClock());
    output.write('a\n');
    await output.flush();
    output.write('b\n');
    expect(output.droppedLines).toBeGreaterThan(0);
  });
});
