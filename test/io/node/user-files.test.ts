import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nodeUserFiles } from '#io/node';
import { temporaryDirectory } from './temporary-directory.ts';

test('a file is read whole, and refused above the limit', async () => {
  const path = join(temporaryDirectory(), 'a');
  writeFileSync(path, 'abcdef');
  expect((await nodeUserFiles.read(path, 6)).toString()).toBe('abcdef');
  await expect(nodeUserFiles.read(path, 5)).rejects.toMatchObject({ code: 'TOO_LARGE' });
});

test('what is not there is an error that names it', async () => {
  const path = join(temporaryDirectory(), 'nothing');
  await expect(nodeUserFiles.read(path, 10)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining(path) as string,
  });
  expect(await nodeUserFiles.kindOf(path)).toBeUndefined();
});

test('a new file has the mode asked for, in folders that are made; an old one is replaced', async () => {
  const path = join(temporaryDirectory(), 'one/two/key.pem');
  await nodeUserFiles.write(path, 'secret', { mode: 0o600 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await nodeUserFiles.write(path, 'other', { mode: 0o600 });
  expect(readFileSync(path, 'utf8')).toBe('other');
});

test('a file that cannot be replaced stays as it was', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'taken');
  await nodeUserFiles.write(join(path, 'inside'), 'x');
  await expect(nodeUserFiles.write(path, 'y')).rejects.toThrow(`cannot write ${path}`);
  expect(readFileSync(join(path, 'inside'), 'utf8')).toBe('x');
});

test('devices are written in place', async () => {
  await nodeUserFiles.write('/dev/null', 'x');
  expect(await nodeUserFiles.kindOf('/dev/null')).toBe('other');
});

test('lines are added at the end', async () => {
  const path = join(temporaryDirectory(), 'log');
  await nodeUserFiles.write(path, 'a\n');
  await nodeUserFiles.append(path, 'b\n');
  expect(readFileSync(path, 'utf8')).toBe('a\nb\n');
});

test('files, folders and sockets are told apart, also behind a link', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'admin.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  symlinkSync(path, join(directory, 'link'));
  expect(await nodeUserFiles.kindOf(path)).toBe('socket');
  expect(await nodeUserFiles.kindOf(join(directory, 'link'))).toBe('socket');
  expect(await nodeUserFiles.kindOf(directory)).toBe('folder');
  writeFileSync(join(directory, 'file'), '');
  chmodSync(join(directory, 'file'), 0o000);
  expect(await nodeUserFiles.kindOf(join(directory, 'file'))).toBe('file');
});

test('a file is ours when we or root own it', async () => {
  const path = join(temporaryDirectory(), 'a');
  expect(await nodeUserFiles.isOurs(path)).toBe(false);
  writeFileSync(path, '');
  expect(await nodeUserFiles.isOurs(path)).toBe(true);
  expect(await nodeUserFiles.isOurs('/etc/passwd')).toBe(true);
});
