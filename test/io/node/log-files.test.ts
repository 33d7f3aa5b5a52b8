import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeLogFiles } from '#io/node';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-logs-'));
  writeFileSync(join(folder, 'audit-2026-11-22.log'), 'second day\n');
  writeFileSync(join(folder, 'audit-2026-11-21.log'), 'first\n');
  writeFileSync(join(folder, 'secret.key'), 'not for readers');
});

afterEach(() => rmSync(folder, { recursive: true }));

const logs = () => createNodeLogFiles({ audit: folder, none: join(folder, 'missing') });

test('lists log files with their sizes, and nothing else that lies there', async () => {
  expect(await logs().list()).toMatchObject([
    { path: 'audit/audit-2026-11-21.log', bytes: 6 },
    { path: 'audit/audit-2026-11-22.log', bytes: 11 },
  ]);
});

test('reads parts, and nothing behind the end', async () => {
  const read = async (offset: number, bytes: number) =>
    (await logs().read('audit/audit-2026-11-22.log', offset, bytes))?.toString();
  expect(await read(0, 6)).toBe('second');
  expect(await read(7, 100)).toBe('day\n');
  expect(await read(11, 100)).toBe('');
});

test.each([
  'audit/secret.key',
  'audit/../audit/audit-2026-11-21.log',
  'audit/audit-2026-11-23.log',
  '../audit-2026-11-21.log',
  'constructor/x.log',
  'audit',
  '',
  '/etc/passwd',
])('gives nothing for %j', async (path) => {
  expect(await logs().read(path, 0, 10)).toBeUndefined();
});
