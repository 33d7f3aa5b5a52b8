import { expect, test } from 'vitest';
import { bestAnswer } from '../../../src/sip/proxy/best-response.ts';
import { isHidden } from '../../../src/sip/proxy/nat.ts';

const best = (...statuses: number[]): number | undefined =>
  bestAnswer(statuses.map((status) => ({ status, message: undefined })))?.status;

test('the best response is a 6xx, else one of the lowest class (RFC 3261 §16.7 item 6)', () => {
  expect(best(404, 603, 302)).toBe(603);
  expect(best(500, 404, 302)).toBe(302);
  expect(best(503, 486)).toBe(486);
  expect(best()).toBeUndefined();
});

test('of 4xx those are better that tell the caller what to change, and those worse that only say that nobody was there', () => {
  expect(best(404, 401)).toBe(401);
  expect(best(486, 407)).toBe(407);
  expect(best(486, 484)).toBe(484);
  expect(best(408, 486)).toBe(486);
  expect(best(408, 487)).toBe(487);
  expect(best(430, 408)).toBe(408);
});

test('of equal ones the first counts', () => {
  expect(best(486, 480)).toBe(486);
  expect(best(480, 486)).toBe(480);
});

test('a Contact is hidden when it is private and its messages come from a public address', () => {
  expect(isHidden('10.0.0.1', '203.0.113.1')).toBe(true);
  expect(isHidden('172.20.0.1', '203.0.113.1')).toBe(true);
  expect(isHidden('100.64.0.1', '203.0.113.1')).toBe(true);
  expect(isHidden('fd00::1', '2001:db8::1')).toBe(true);
  expect(isHidden('fe80::1', '2001:db8::1')).toBe(true);
  expect(isHidden('abc123.invalid', '10.0.0.1')).toBe(true);
  expect(isHidden('192.168.1.2', '10.0.0.1')).toBe(false);
  expect(isHidden('198.51.100.1', '203.0.113.1')).toBe(false);
  expect(isHidden('phone.example.org', '203.0.113.1')).toBe(false);
  expect(isHidden('203.0.113.1', '203.0.113.1')).toBe(false);
  expect(isHidden('172.32.0.1', '203.0.113.1')).toBe(false);
});
