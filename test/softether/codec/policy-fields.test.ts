import { defaultPolicy, type Policy } from '#hub';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { Pack } from '../../../src/softether/codec/pack.ts';
import {
  policyFieldKinds,
  policyOf,
  policyElements,
  type PolicyFields,
} from '../../../src/softether/codec/policy-fields.ts';
import { capturedPack } from './vectors.ts';

describe('policy elements', () => {
  test('are the items of a hub policy, no more and no less', () => {
    expectTypeOf<PolicyFields>().toEqualTypeOf<Policy>();
    expect(Object.keys(policyFieldKinds).sort()).toEqual(Object.keys(defaultPolicy).sort());
    expect(Object.keys(policyFieldKinds)).toHaveLength(38);
  });

  test('are what a real server sends in a Welcome: 38 and the mark of version 3', () => {
    const welcome = capturedPack(
      'login-ticket-session',
      (pack) => pack.has('session_key') && pack.has('policy:Access'),
    );
    const sent = welcome.elements.filter((element) => element.name.startsWith('policy:'));
    const own = new Pack(policyElements(policyOf(welcome)));
    expect(
      own.elements.map(({ name, values }) => ({ name, values })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    ).toEqual(sent.map(({ name, values }) => ({ name, values })).sort((a, b) => (a.name < b.name ? -1 : 1)));
    expect(policyOf(welcome)).toEqual(defaultPolicy);
  });

  test('come back as they were set', () => {
    const policy: PolicyFields = {
      ...defaultPolicy,
      Access: false,
      FilterNonIP: true,
      TimeOut: 60,
      VLanId: 4095,
      MaxDownload: 4_000_000_000,
    };
    expect(policyOf(new Pack(policyElements(policy)))).toEqual(policy);
  });

  test('that are absent read as no and 0', () => {
    const none = policyOf(new Pack());
    expect(Object.values(none).every((value) => value === false || value === 0)).toBe(true);
  });
});
