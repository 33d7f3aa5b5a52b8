import { expect, test } from 'vitest';
import { LostAnswers } from '../../../src/sip/roles/lost-answers.ts';

function detector() {
  const found: string[] = [];
  const time = { nowMs: 0 };
  let mark = 0;
  const lost = new LostAnswers(
    () => time.nowMs,
    ({ code, text }) => found.push(`${code}: ${text}`),
  );
  /** Requests of one kind, of which every so many comes twice. */
  const requests = (isRelayed: boolean, count: number, everyNth = Infinity): void => {
    for (let at = 1; at <= count; at++) {
      lost.request(isRelayed, ++mark);
      if (at % everyNth === 0) lost.request(isRelayed, mark);
    }
  };
  return { found, time, requests };
}

test('a balancer that loses what another member answers is found out, and said once, with figures', () => {
  const { found, requests } = detector();
  requests(false, 30);
  requests(true, 60, 1);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(
    /^answers-lost: .*of 20 requests that another member has accepted 10 came again, of 30 others 0\./,
  );
});

test('where all comes again something else is wrong, and a few lost ones are no sign', () => {
  const { found, requests } = detector();
  requests(false, 100, 2);
  requests(true, 100, 2);
  expect(found).toEqual([]);
  const other = detector();
  other.requests(false, 100);
  other.requests(true, 100, 10);
  expect(other.found).toEqual([]);
});

test('too few requests, or too long ago, say nothing', () => {
  const { found, time, requests } = detector();
  requests(false, 19);
  requests(true, 100, 1);
  expect(found).toEqual([]);
  time.nowMs = 61_000;
  requests(true, 100, 1);
  requests(false, 19);
  expect(found).toEqual([]);
});

test('of a flood not all is remembered', () => {
  const { found, requests } = detector();
  requests(false, 100_000);
  requests(true, 60, 1);
  expect(found).toHaveLength(1);
});
