import { describe, expect, test } from 'vitest';
import type { Clock } from '#io';
import { certificateCheck, listenersCheck, storeCheck } from '../../src/app/health-checks.ts';
import { Health } from '../../src/app/health.ts';

const day = 24 * 60 * 60_000;

describe('health', () => {
  test('is good from the first moment, readiness only when all is up and until the stop begins', () => {
    const health = new Health();
    expect(health.healthz()).toEqual({ status: 200, body: 'ok\n' });
    expect(health.readyz()).toEqual({ status: 503, body: 'server: the server is starting\n' });
    health.started();
    expect(health.readyz()).toEqual({ status: 200, body: 'server: ok\n' });
    health.stopping('stopping');
    expect(health.readyz()).toEqual({ status: 503, body: 'server: stopping\n' });
    expect(health.healthz().status).toBe(200);
  });

  test('names each check, and what is wrong', () => {
    const health = new Health();
    health.started();
    health.addCheck({ name: 'a', problem: () => undefined });
    health.addCheck({ name: 'b', problem: () => 'broken' });
    expect(health.readyz()).toEqual({ status: 503, body: 'server: ok\na: ok\nb: broken\n' });
  });

  test('depends on the store', () => {
    expect(storeCheck({ state: () => 'ok' }).problem()).toBeUndefined();
    expect(storeCheck({ state: () => 'lost' }).problem()).toContain('not reachable');
  });

  test('depends on one open port, not on all of them', () => {
    const open = { host: undefined, port: 992, isEnabled: true, error: undefined, isListening: true };
    const taken = { host: undefined, port: 443, isEnabled: true, error: 'port 443 is in use', isListening: false };
    expect(listenersCheck(() => [open, taken]).problem()).toBeUndefined();
    expect(listenersCheck(() => [taken]).problem()).toBe('no port is open: port 443 is in use');
    expect(listenersCheck(() => []).problem()).toBe('no port is open');
  });

  test('depends on a certificate that is valid now', () => {
    const at = (now: number) =>
      certificateCheck({ wallMs: () => now } as Clock, () => ({
        notBeforeMs: 10 * day,
        notAfterMs: 20 * day,
      })).problem();
    expect(at(15 * day)).toBeUndefined();
    expect(at(9 * day)).toContain('not valid before 1970-01-11');
    expect(at(22.5 * day)).toBe('expired 3 days ago: set a new one');
  });
});
