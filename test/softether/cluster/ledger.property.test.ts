import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemberBoot } from '#cluster';
import { defaultPolicy } from '#hub';
import { ErrorCode } from '#softether';
import type { PlaceOrder, SessionRow } from '../../../src/softether/cluster/place-order.ts';
import { SessionLedger, unlimitedLicences } from '../../../src/softether/cluster/session-ledger.ts';

const members: readonly MemberBoot[] = [
  { member: 'a/0', boot: '1' },
  { member: 'b/0', boot: '1' },
  { member: 'c/0', boot: '1' },
];

const order = (user: string, machine: string): PlaceOrder => ({
  hubName: 'Lan',
  userName: user,
  realUserName: user,
  groupName: '',
  isAdministrator: user === 'administrator',
  policy: defaultPolicy,
  credential: '',
  machine,
  licence: user === 'administrator' ? 'none' : 'client',
});

type Step =
  | { readonly kind: 'reserve'; readonly user: string; readonly machine: string; readonly at: number }
  | { readonly kind: 'begin' | 'cancel' | 'end'; readonly pick: number }
  | { readonly kind: 'forget' | 'relist'; readonly at: number }
  | { readonly kind: 'expire'; readonly afterMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('reserve' as const),
    user: fc.constantFrom('ann', 'bob', 'administrator'),
    machine: fc.constantFrom('', '01', '02'),
    at: fc.nat(2),
  }),
  fc.record({ kind: fc.constantFrom('begin' as const, 'cancel' as const, 'end' as const), pick: fc.nat(50) }),
  fc.record({ kind: fc.constantFrom('forget' as const, 'relist' as const), at: fc.nat(2) }),
  fc.record({ kind: fc.constant('expire' as const), afterMs: fc.nat(40) }),
);

interface Known {
  readonly row: SessionRow;
  readonly at: number;
  readonly endsAtMs: number;
  state: 'promised' | 'live';
}

/** The same in the plainest way: a list. */
class Model {
  known: Known[] = [];

  counted(): number {
    return this.known.filter(({ row }) => !row.isAdministrator).length;
  }

  othersOf(user: string, machine: string): number {
    return this.known.filter(({ row }) => row.userName === user && (row.machine === '' || row.machine !== machine))
      .length;
  }
}

describe('the ledger of sessions', () => {
  test('counts both sessions where two members have one of the same name, whoever goes first', () => {
    const row = { hubName: 'Lan', name: 'SID-ANN-1', userName: 'ann', machine: '', isAdministrator: false };
    const client = { ...row, licence: 'client' as const };
    const [first, second] = members as [MemberBoot, MemberBoot];
    const counts = (...changes: readonly ((ledger: SessionLedger) => void)[]): number[] => {
      const ledger = new SessionLedger();
      for (const member of members) ledger.replace(member, []);
      return changes.map((change) => {
        change(ledger);
        expect(ledger.sessionsOfHub('LAN')).toBe(ledger.size);
        return ledger.licences('client');
      });
    };
    const begins = (member: MemberBoot) => (ledger: SessionLedger) => ledger.begun(member, client);
    const ends = (member: MemberBoot) => (ledger: SessionLedger) => ledger.ended(member, 'LAN', client.name);
    const goes = (member: MemberBoot) => (ledger: SessionLedger) => ledger.forget(member.member);
    expect(counts(begins(first), begins(second), begins(second), goes(second), ends(first))).toEqual([1, 2, 2, 1, 0]);
    expect(counts(begins(first), begins(second), ends(first), begins(second), ends(second))).toEqual([1, 2, 1, 1, 0]);
    expect(counts(begins(first), begins(second), goes(first), ends(second), ends(second))).toEqual([1, 2, 1, 0, 0]);
  });

  test('counts as a plain list does, whatever happens, and never goes past a limit', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.nat(6), fc.nat(3), (steps, maxSessions, multiLogins) => {
        const ledger = new SessionLedger();
        for (const member of members) ledger.replace(member, []);
        const model = new Model();
        const names = new Set<string>();
        let nowMs = 0;
        for (const one of steps) {
          switch (one.kind) {
            case 'reserve': {
              const asked = order(one.user, one.machine);
              const limits = { maxSessions, multiLogins, licences: unlimitedLicences };
              const endsAtMs = nowMs + 30;
              const reserved = ledger.reserve(asked, limits, endsAtMs);
              const isUserFull = multiLogins > 0 && model.othersOf(one.user, one.machine) >= multiLogins;
              const isHubFull = maxSessions > 0 && !asked.isAdministrator && model.counted() >= maxSessions;
              expect(reserved.ok).toBe(!isUserFull && !isHubFull);
              if (!reserved.ok) {
                expect(reserved.code).toBe(isUserFull ? ErrorCode.TOO_MANY_USER_SESSION : ErrorCode.HUB_IS_BUSY);
                break;
              }
              expect(names.has(reserved.name), 'no name comes twice').toBe(false);
              names.add(reserved.name);
              const { hubName, userName, machine, isAdministrator, licence } = asked;
              const row = { hubName, name: reserved.name, userName, machine, isAdministrator, licence };
              model.known.push({ row, at: one.at, endsAtMs, state: 'promised' });
              break;
            }
            case 'begin': {
              const known = model.known.filter(({ state }) => state === 'promised');
              const chosen = known[one.pick % Math.max(known.length, 1)];
              if (chosen === undefined || !ledger.knows(members[chosen.at]!)) break;
              ledger.begun(members[chosen.at]!, chosen.row);
              chosen.state = 'live';
              break;
            }
            case 'cancel':
            case 'end': {
              const chosen = model.known[one.pick % Math.max(model.known.length, 1)];
              if (chosen === undefined) break;
              if (one.kind === 'cancel') ledger.cancel('lan', chosen.row.name.toLowerCase());
              else ledger.ended(members[chosen.at]!, 'LAN', chosen.row.name);
              if (one.kind === 'end' || chosen.state === 'promised') {
                model.known = model.known.filter((other) => other !== chosen);
              }
              break;
            }
            case 'forget':
              ledger.forget(members[one.at]!.member);
              model.known = model.known.filter(({ at, state }) => at !== one.at || state === 'promised');
              break;
            case 'relist': {
              const rows = model.known
                .filter(({ at, state }) => at === one.at && state === 'live')
                .map(({ row }) => row);
              ledger.replace(members[one.at]!, rows);
              break;
            }
            case 'expire':
              nowMs += one.afterMs;
              ledger.expire(nowMs);
              model.known = model.known.filter(({ state, endsAtMs }) => state === 'live' || endsAtMs > nowMs);
              break;
          }
          expect(ledger.size).toBe(model.known.length);
          expect(ledger.sessionsOfHub('LAN')).toBe(model.known.length);
          expect(ledger.licences('client')).toBe(model.counted());
        }
      }),
      { numRuns: 300 },
    );
  });

  test('forgets a promise that nobody takes up, and keeps one that somebody did', () => {
    const ledger = new SessionLedger();
    ledger.replace(members[0]!, []);
    const limits = { maxSessions: 1, multiLogins: 0, licences: unlimitedLicences };
    expect(ledger.reserve(order('ann', ''), limits, 100).ok).toBe(true);
    ledger.expire(99);
    expect(ledger.reserve(order('bob', ''), limits, 100).ok).toBe(false);
    ledger.expire(100);
    const second = ledger.reserve(order('bob', ''), limits, 200);
    if (!second.ok) throw new Error('there was room');
    const { hubName, userName, machine, isAdministrator, licence } = order('bob', '');
    ledger.begun(members[0]!, { hubName, name: second.name, userName, machine, isAdministrator, licence });
    ledger.expire(1_000);
    expect(ledger.size).toBe(1);
  });
});
