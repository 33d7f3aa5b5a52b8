import { describe, expect, test } from 'vitest';
import { statusLine } from '../../../src/app/connect/status-line.ts';
import { durationText } from '../../../src/app/connect/virtual-adapter.ts';

const to = { address: '192.0.2.9', port: 443, name: 'vpn.example', certificate: undefined };

describe('what the user is told', () => {
  test.each([
    [{ kind: 'connecting', to } as const, 'connecting to vpn.example:443 (192.0.2.9)'],
    [
      { kind: 'redirected', to, message: 'Hello\nthere' } as const,
      'sent on to vpn.example:443 (192.0.2.9)\nHello\nthere',
    ],
    [
      { kind: 'lost', why: 'dead', lastedMs: 61_000 } as const,
      'connection lost after 1 min 1 s: the server does not answer',
    ],
    [{ kind: 'waiting', delayMs: 432 } as const, 'trying again in 0.4 s'],
    [{ kind: 'waiting', delayMs: 64_000 } as const, 'trying again in 1 min 4 s'],
    [{ kind: 'connections', count: 2 } as const, undefined],
  ])('%j', (event, line) => expect(statusLine(event)).toBe(line));

  test('has no control characters of a server in it', () => {
    const message = '\u001b]0;owned\u0007\u001b[2Jhello\r\nagain\u009b31m';
    expect(statusLine({ kind: 'redirected', to, message })).toMatch(/\n\]0;owned\[2Jhello\nagain31m$/);
  });
});

describe('a span of time', () => {
  test.each([
    [0, '0 s'],
    [59.6, '1 min'],
    [7200, '2 h'],
    [7265, '2 h 1 min'],
    [90_061, '1 d 1 h'],
    [86_460, '1 d'],
    [Infinity, 'ever'],
  ])('of %d s is "%s"', (seconds, text) => expect(durationText(seconds)).toBe(text));
});
