import { describe, expect, test } from 'vitest';
import { ErrorCode, errorText } from '../../../src/softether/codec/error-codes.ts';

describe('error codes', () => {
  test('have the numbers that clients know', () => {
    const { AUTH_FAILED, HUB_NOT_FOUND, ACCESS_DENIED, SESSION_TIMEOUT, NULL_PASSWORD_LOCAL_ONLY, SSL_HANDSHAKE } =
      ErrorCode;
    expect([
      AUTH_FAILED,
      HUB_NOT_FOUND,
      ACCESS_DENIED,
      SESSION_TIMEOUT,
      NULL_PASSWORD_LOCAL_ONLY,
      SSL_HANDSHAKE,
    ]).toEqual([9, 8, 12, 13, 51, 152]);
  });

  test('are all numbers from 0 to 152 but the three that were never given out', () => {
    const all = Array.from({ length: 153 }, (_, number) => number).filter((number) => number < 70 || number > 72);
    expect(Object.values(ErrorCode)).toEqual(all);
  });

  test('each have a text of their own', () => {
    const texts = Object.values(ErrorCode).map(errorText);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.filter((text) => text.startsWith('unknown'))).toEqual([]);
    expect(errorText(9)).toBe('user authentication failed');
    expect(errorText(4242)).toBe('unknown SoftEther error 4242');
  });
});
