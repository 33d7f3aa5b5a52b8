import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createNodeFiles } from '#io/node';
import { VirtualClock } from '#io/sim';
import { temporaryDirectory } from './temporary-directory.ts';

const files = createNodeFiles(new VirtualClock());

describe('files', () => {
  test('written come back whole, and only for their owner', async () => {
    const path = join(temporaryDirectory(), 'settings.json');
    await files.writeAtomic(path, '{"a":1}');
    await files.writeAtomic(path, '{"a":2}');
    expect((await files.read(path, 100))?.toString()).toBe('{"a":2}');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('leave nothing beside them, also when writing failed', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'taken'));
    await files.writeAtomic(join(directory, 'x'), 'x');
    await expect(files.writeAtomic(join(directory, 'taken'), 'x')).rejects.toMatchObject({ code: 'OTHER' });
    expect(readdirSync(directory).sort()).toEqual(['taken', 'x']);
  });

  test('are written from what comes piece by piece, never over another one', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'backup.db');
    await files.writeNew(path, pieces('one', 'two'));
    expect(readFileSync(path, 'utf8')).toBe('onetwo');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await expect(files.writeNew(path, pieces('other'))).rejects.toThrow(`${path}: it exists already`);
    expect(readFileSync(path, 'utf8')).toBe('onetwo');
    expect(readdirSync(directory)).toEqual(['backup.db']);
  });

  test('whose source fails are not there at all, and its error is told', async () => {
    const directory = temporaryDirectory();
    const broken = new Error('the source has dried up');
    await expect(files.writeNew(join(directory, 'x'), pieces('one', broken))).rejects.toBe(broken);
    await expect(files.writeNew('/dev/null/x', pieces('one'))).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('that are not there are undefined, those too large are refused', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'large'), Buffer.alloc(101));
    expect(await files.read(join(directory, 'none'), 100)).toBeUndefined();
    await expect(files.read(join(directory, 'large'), 100)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(await files.exists(join(directory, 'none'))).toBe(false);
    expect(await files.exists(join(directory, 'large'))).toBe(true);
  });

  test('in a directory that is none give an error that says so', async () => {
    await expect(files.writeAtomic('/dev/null/x', 'x')).rejects.toMatchObject({
      code: 'NOT_A_DIRECTORY',
      message: expect.stringContaining('cannot write /dev/null/x: ') as unknown,
    });
  });

  test('get directories for this user only', async () => {
    const path = join(temporaryDirectory(), 'a', 'b');
    await files.makeDirectory(path);
    await files.makeDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test('have a disk whose free space is known', async () => {
    expect(await files.freeBytes(temporaryDirectory())).toBeGreaterThan(0);
    await expect(files.freeBytes('/no/such/place')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

async function* pieces(...parts: (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve();
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

describe('an append log', () => {
  test('that gathers lines writes those together that come soon after a write, or when it is asked to', async () => {
    const directory = temporaryDirectory();
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    const log = createNodeFiles(clock).openLog({ directory, name: 'hub', gatherMs: 1_000 });
    const text = (): string => readFileSync(join(directory, 'hub-2026-01-01.log'), 'utf8');
    const written = (lines: string): Promise<void> => expect.poll(text, { timeout: 5_000 }).toBe(lines);
    log.write('one');
    await log.flush();
    log.write('two');
    log.write('three');
    await clock.run(999);
    expect(text()).toBe('one\n');
    await clock.run(1);
    await written('one\ntwo\nthree\n');
    log.write('four');
    await log.flush();
    expect(text()).toBe('one\ntwo\nthree\nfour\n');
    log.write('five');
    await log.close();
    expect(text()).toBe('one\ntwo\nthree\nfour\nfive\n');
  });

  test('keeps the order of lines and begins a new file each day', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 10, 22, 23, 59, 59));
    const directory = join(temporaryDirectory(), 'logs');
    const log = createNodeFiles(clock).openLog({ directory, name: 'hub' });
    for (let i = 0; i < 100; i++) log.write(`line ${i}`);
    clock.advance(1_000);
    log.write('next day');
    await log.close();
    const first = readFileSync(join(directory, 'hub-2026-11-22.log'), 'utf8');
    expect(first.trim().split('\n')).toEqual(Array.from({ length: 100 }, (_, i) => `line ${i}`));
    expect(readFileSync(join(directory, 'hub-2026-11-23.log'), 'utf8')).toBe('next day\n');
  });

  test('appends to the file of the day that is there', async () => {
    const directory = temporaryDirectory();
    for (const line of ['one', 'two']) {
      const log = files.openLog({ directory, name: 'hub' });
      log.write(line);
      await log.close();
    }
    expect(readFileSync(join(directory, 'hub-2026-01-01.log'), 'utf8')).toBe('one\ntwo\n');
  });

  test('drops and counts what a slow disk cannot take', async () => {
    const log = files.openLog({ directory: temporaryDirectory(), name: 'hub', maxWaitingBytes: 10 });
    expect([log.write('12345'), log.write('12345')]).toEqual([true, false]);
    await log.flush();
    expect([log.write('12345'), log.lostLines]).toEqual([true, 1]);
    await log.close();
    expect(log.write('late')).toBe(false);
  });

  test('reports a disk that fails, counts the lines, and never throws', async () => {
    const errors: Error[] = [];
    const log = files.openLog({ directory: '/dev/null/logs', name: 'hub', failed: (error) => errors.push(error) });
    log.write('lost');
    await log.flush();
    expect(errors).toMatchObject([{ code: 'NOT_A_DIRECTORY' }]);
    expect(log.lostLines).toBe(1);
    await log.close();
  });
});
