import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HttpFace } from '#admin';
import { createNodeClock } from '#io/node';
import { noGuard, openFixture, type Fixture } from './fixture.ts';

let fixture: Fixture;
let face: HttpFace;
let folder: string;
let path: string;

beforeEach(async () => {
  fixture = await openFixture();
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-admin-'));
  path = join(folder, 'admin.sock');
  face = await HttpFace.open({
    context: { ...fixture.context, clock: createNodeClock() },
    guard: noGuard,
    health: {
      healthz: () => ({ status: 200, body: 'ok\n' }),
      controllerz: () => ({ status: 200, body: 'controller\n' }),
      readyz: () => ({ status: 200, body: 'ok\n' }),
      metrics: () => Promise.resolve({ contentType: 'text/plain', body: 'm 1\n' }),
    },
    trust: 'socket',
  });
  await face.listenUnix(path);
});

afterEach(async () => {
  await face.stop();
  await fixture.close();
  rmSync(folder, { recursive: true, force: true });
});

function overSocket(method: string, target: string, body = '', headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: path, method, path: target, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('whoever may open the local socket is the server administrator, whatever else the request says', async () => {
  const body = JSON.stringify({
    id: '1',
    method: 'SetHubOnline',
    params: { HubName_str: 'DEFAULT', Online_bool: false },
  });
  for (const headers of [{}, { 'X-VPNADMIN-HUBNAME': 'OTHER', 'X-VPNADMIN-PASSWORD': 'wrong' }]) {
    expect(JSON.parse(await overSocket('POST', '/api/', body, headers))).toHaveProperty('result');
  }
  expect(JSON.parse(fixture.auditLines[0]!)).toMatchObject({ role: 'server', from: 'admin.sock', face: 'socket' });
});

test('health and metrics are there on the local socket', async () => {
  expect(await overSocket('GET', '/healthz')).toBe('ok\n');
  expect(await overSocket('GET', '/metrics')).toBe('m 1\n');
});

test('the local socket is gone after the stop, also with a connection open', async () => {
  const idle = overSocket('POST', '/api/', '', { 'Content-Length': '100' }).catch(() => 'ended');
  await overSocket('GET', '/healthz');
  await face.stop();
  expect(await idle).toBe('ended');
  await expect(overSocket('GET', '/healthz')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
});
