import { connect } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultHttpFaceLimits, type HttpFaceLimits, type HttpFaceOptions } from '#admin';
import { ADMIN_PASSWORD, HUB_PASSWORD } from './records.ts';
import { http } from './http-client.ts';
import { remoteAddress, startHttpServer, type HttpServer } from './http-server.ts';

let server: HttpServer;

afterEach(() => server.close());

const start = async (limits: Partial<HttpFaceLimits> = {}, options: Partial<HttpFaceOptions> = {}): Promise<void> => {
  server = await startHttpServer({ limits: { ...defaultHttpFaceLimits, ...limits }, ...options });
};
const credentials = { 'X-VPNADMIN-PASSWORD': ADMIN_PASSWORD };
const post = (body: string, headers: Record<string, string>) =>
  http(server.port, { method: 'POST', path: '/api/', headers, body });

/** Sends bytes as they are and resolves with all that came until the end of the connection. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false }, () =>
      socket.write(text),
    );
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
}

describe('bodies', () => {
  const body = JSON.stringify({ id: '1', method: 'Test', params: { StrValue_str: 'x'.repeat(500) } });

  test('of a hub administrator have a smaller limit than those of the server administrator', async () => {
    await start({ maxHubBodyBytes: 200, maxServerBodyBytes: 2000 });
    const hub = { 'X-VPNADMIN-HUBNAME': 'DEFAULT', 'X-VPNADMIN-PASSWORD': HUB_PASSWORD };
    expect((await post(body, hub)).status).toBe(413);
    expect((await post(body, credentials)).status).toBe(200);
    expect((await post(body + ' '.repeat(2000), credentials)).status).toBe(413);
  });

  test('without an announced length have it too', async () => {
    await start({ maxServerBodyBytes: 200 });
    const chunked = { ...credentials, 'Transfer-Encoding': 'chunked' };
    expect((await post(body, chunked)).status).toBe(413);
  });

  test('are not read where the password is wrong', async () => {
    await start();
    const head = 'POST /api/ HTTP/1.1\r\nHost: x\r\nX-VPNADMIN-PASSWORD: no\r\nContent-Length: 1000000000\r\n\r\n';
    const answer = await raw(head);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });
});

describe('connections', () => {
  test('above the limit are closed at once', async () => {
    await start({ maxConnections: 0 });
    expect(await raw('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
  });

  test('that send nothing, or half a head, are closed after a while', async () => {
    await start({ idleTimeoutMs: 50 });
    expect(await raw('')).toBe('');
    expect(await raw('GET / HTTP/1.1\r\nHost:')).toBe('');
    await expect.poll(() => server.face.connectionCount).toBe(0);
  });

  test('that do not finish the body are closed after a while', async () => {
    await start({ bodyTimeoutMs: 50 });
    const head = `POST /api/ HTTP/1.1\r\nHost: x\r\nX-VPNADMIN-PASSWORD: ${ADMIN_PASSWORD}\r\nContent-Length: 100\r\n\r\n{`;
    expect(await raw(head)).not.toContain('200 OK');
  });

  test('with too many requests at a time are closed', async () => {
    await start({ maxPipelined: 4 }, { guard: neverAnswering });
    const one = `GET /api/Test HTTP/1.1\r\nHost: x\r\nX-VPNADMIN-PASSWORD: ${ADMIN_PASSWORD}\r\n\r\n`;
    expect(await raw(one.repeat(5))).toBe('');
  });

  test('are kept for further requests', async () => {
    await start();
    const one = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';
    const answer = await raw(`${one}\r\n${one}Connection: close\r\n\r\n`);
    expect(answer.match(/200 OK/g)).toHaveLength(2);
  });

  test('with a head that is too large, or no HTTP, get an error and the end', async () => {
    await start({ maxHeadBytes: 1024 });
    expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(5000)}\r\n\r\n`)).toContain('431');
    expect(await raw('\0\0\0\0nonsense\r\n\r\n')).toContain('400');
  });

  /** Every log-in waits for ever. */
  const neverAnswering: HttpFaceOptions['guard'] = {
    ask: () => ({ kind: 'check', delayMs: 1e9 }),
    failed: () => [],
    succeeded: () => undefined,
  };
});

describe('failed log-ins', () => {
  test('are counted under the names that the other faces use, and a right one too', async () => {
    const told: string[] = [];
    await start(
      {},
      {
        guard: {
          ask: () => ({ kind: 'check', delayMs: 0 }),
          failed: (address, account) => {
            told.push(`failed ${address} ${account}`);
            return [];
          },
          succeeded: (address, account) => void told.push(`succeeded ${address} ${account}`),
        },
      },
    );
    await post('{}', { 'X-VPNADMIN-PASSWORD': 'wrong' });
    await post('{}', { 'X-VPNADMIN-HUBNAME': 'DEFAULT', 'X-VPNADMIN-PASSWORD': 'wrong' });
    await post('{}', credentials);
    await post('{}', {});
    expect(told).toEqual([
      `failed ${remoteAddress} (server)/administrator`,
      `failed ${remoteAddress} DEFAULT/(administrator)`,
      `succeeded ${remoteAddress} (server)/administrator`,
    ]);
  });

  test('too many of them are answered with 429, even where the password is right', async () => {
    const guard: HttpFaceOptions['guard'] = {
      ask: () => ({ kind: 'refuse' }),
      failed: () => [],
      succeeded: () => undefined,
    };
    await start({}, { guard });
    expect((await post('{}', credentials)).status).toBe(429);
  });

  test('delay the next attempt, which is refused if a ban began meanwhile', async () => {
    let asked = 0;
    const guard: HttpFaceOptions['guard'] = {
      ask: () => (++asked === 1 ? { kind: 'check', delayMs: 30 } : { kind: 'refuse' }),
      failed: () => [],
      succeeded: () => undefined,
    };
    await start({}, { guard });
    const began = performance.now();
    expect((await post('{}', credentials)).status).toBe(429);
    expect(performance.now() - began).toBeGreaterThanOrEqual(29);
  });
});
