import { describe, expect, test } from 'vitest';
import { resolveFarm, type MemberKind, type OtherRole, type Resolved } from '../../../src/sip/roles/resolve-farm.ts';
import type { FarmSetting, ProcessingSetting, RoleSettings } from '../../../src/sip/roles/settings.ts';

const auto: RoleSettings = { farm: 'auto', signals: 'auto', callLegs: 'auto' };
const other = (role: OtherRole['role'], configured: Partial<RoleSettings> = {}): OtherRole => ({
  role,
  configured: { ...auto, ...configured },
});
const frontend = other('frontend');
const backend = other('backend');

const resolve = (
  kind: MemberKind,
  others: readonly OtherRole[],
  configured: Partial<RoleSettings> = {},
): Omit<Resolved, 'warnings'> & { readonly warnings: readonly string[] } => {
  const resolved = resolveFarm({ kind, others, configured: { ...auto, ...configured } });
  return { ...resolved, warnings: resolved.warnings.map(({ code }) => code) };
};

describe('what Auto means', () => {
  const cells: readonly (readonly [string, MemberKind, readonly OtherRole[], string, string])[] = [
    ['a server that stands alone', 'alone', [], 'locally', 'disabled'],
    ['a frontend', 'frontend', [backend], 'locally-for-others', 'member'],
    ['a frontend alone with frontends', 'frontend', [frontend], 'locally-for-others', 'member'],
    ['a backend with a frontend', 'backend', [backend, frontend], 'remotely', 'relay'],
    [
      'a backend with a frontend that is set to be a member',
      'backend',
      [other('frontend', { farm: 'member' })],
      'remotely',
      'relay',
    ],
    [
      'a backend whose frontends are not in the farm',
      'backend',
      [other('frontend', { farm: 'disabled' }), backend],
      'remotely',
      'disabled',
    ],
    [
      'a backend whose frontends are not in the farm, but a backend is',
      'backend',
      [other('frontend', { farm: 'relay' }), other('backend', { farm: 'member' })],
      'remotely',
      'relay',
    ],
    ['a thread of a server that stands alone', 'threads', [], 'locally-for-others', 'member'],
  ];
  test.each(cells)('for %s', (_, kind, others, processing, farm) => {
    expect(resolve(kind, others)).toMatchObject({ signals: processing, callLegs: processing, farm });
  });

  test('what is set is not resolved, whoever the others are', () => {
    const kinds: readonly MemberKind[] = ['alone', 'threads', 'frontend', 'backend'];
    const farms: readonly FarmSetting[] = ['member', 'disabled', 'relay'];
    const ways: readonly ProcessingSetting[] = ['locally', 'locally-for-others', 'remotely'];
    for (const kind of kinds) {
      for (const others of [[], [frontend], [backend]]) {
        for (const farm of farms) expect(resolve(kind, others, { farm }).farm).toBe(farm);
        for (const way of ways) {
          expect(resolve(kind, others, { signals: way }).signals).toBe(way);
          expect(resolve(kind, others, { callLegs: way }).callLegs).toBe(way);
        }
      }
    }
  });
});

describe('a cluster without frontends', () => {
  test('has members that are both, and says so', () => {
    expect(resolve('backend', [backend, backend])).toEqual({
      farm: 'member',
      signals: 'locally-for-others',
      callLegs: 'locally-for-others',
      warnings: ['symmetric'],
    });
  });

  test('leaves the work to those that were told to do it for the others', () => {
    expect(resolve('backend', [other('backend', { farm: 'member' })])).toMatchObject({
      farm: 'relay',
      signals: 'locally-for-others',
    });
    expect(resolve('backend', [other('backend', { signals: 'locally-for-others' })])).toMatchObject({
      signals: 'remotely',
      callLegs: 'locally-for-others',
      farm: 'member',
    });
  });

  test('is not warned of where nothing is left to Auto', () => {
    const all = { farm: 'member', signals: 'locally', callLegs: 'locally' } as const;
    expect(resolve('backend', [backend], all).warnings).toEqual([]);
  });

  test('is one no longer with the first frontend', () => {
    expect(resolve('backend', [backend, frontend]).warnings).toEqual([]);
  });
});

describe('warnings', () => {
  test('nobody makes what is to be made remotely', () => {
    const stubborn = other('frontend', { signals: 'locally', callLegs: 'locally' });
    expect(resolve('backend', [stubborn]).warnings).toEqual(['no-provider-signals', 'no-provider-callLegs']);
  });

  test('there is no member to relay through', () => {
    expect(resolve('backend', [other('frontend', { farm: 'disabled' })], { farm: 'relay' }).warnings).toEqual([
      'no-farm-member',
    ]);
  });

  test('threads that share a port and know nothing of each other', () => {
    expect(resolve('threads', [], { farm: 'disabled' }).warnings).toEqual(['threads-apart']);
    expect(resolve('alone', [], { farm: 'disabled' }).warnings).toEqual([]);
  });
});
