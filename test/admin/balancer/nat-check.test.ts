import { describe, expect, test } from 'vitest';
import { describeCluster, type DescribeOptions } from '../../../src/admin/balancer/describe.ts';
import { checkDescription } from '../../../src/admin/balancer/check-description.ts';
import { checkNatHost, type NatCheckInput } from '../../../src/admin/balancer/hosts/nat-check.ts';
import type { MemberFacts } from '../../../src/admin/balancer/member-facts.ts';
import { cluster, frontend } from './example.ts';

const vip = '203.0.113.10';

describe('a server behind a balancer that translates addresses', () => {
  const host = (change: Partial<NatCheckInput> = {}) =>
    checkNatHost({ address: '10.0.0.11', virtualAddresses: [vip], wanAddress: '', server: 'alpha', ...change });

  test('lacks a WAN address if its own is private: the virtual one leads media to any server', () => {
    const [wan, way] = host();
    expect(wan).toMatchObject({ what: 'WAN address', verdict: 'lacks' });
    expect(wan!.text).toContain('10.0.0.11');
    expect(wan!.command).toContain('hubfarm farm set --member alpha --wan-address');
    expect(way).toMatchObject({ what: 'way back', verdict: 'unknown' });
  });

  test.each([
    [{ wanAddress: '203.0.113.11' }],
    [{ address: '198.51.100.4' }],
    [{ virtualAddresses: ['10.0.0.100'] }],
  ] satisfies [Partial<NatCheckInput>][])('lacks none with %j', (change) => {
    expect(host(change)[0]).toMatchObject({ verdict: 'ok', command: '' });
  });
});

describe('the configuration of such a balancer', () => {
  const warnings = (one: ReturnType<typeof cluster>): string[] =>
    checkDescription(one)
      .filter(({ severity, text }) => severity === 'warning' && text.startsWith('media'))
      .map(({ text }) => text);
  const publicFrontends = [frontend({ address: '198.51.100.4' })];

  test('comes with a warning where media reach no server', () => {
    expect(warnings(cluster())).toEqual([expect.stringContaining('a (10.0.0.11), b (10.0.0.12), c (10.0.0.13)')]);
    expect(warnings(cluster({ mediaMethod: 'multi-ip' }))).toHaveLength(1);
    expect(warnings(cluster({ frontends: publicFrontends }))).toEqual([]);
    expect(warnings(cluster({ virtualAddress: '10.0.0.100' }))).toEqual([]);
    expect(warnings(cluster({ mode: 'dsr' }))).toEqual([]);
    expect(warnings(cluster({ isFarm: false }))).toEqual([]);
  });

  const member = (name: string, at: number, change: Partial<MemberFacts> = {}): MemberFacts => ({
    ...{ name, address: `10.0.0.1${at}`, mac: '', weight: 100, isReady: true, takesLogins: true, isInFarm: true },
    ...{ balancer: 'nat', virtualAddresses: [vip], boundAddresses: [], wanAddress: '' },
    mediaPorts: `${at}0000-${at}9999`,
    ...change,
  });
  const options: DescribeOptions = {
    ...{ name: 'example', virtualAddress: '', mode: undefined, predictor: 'round-robin', balancer: {} },
    isReadyOnly: false,
  };
  const described = (wanAddress: string) =>
    describeCluster(
      [member('alpha', 1, { wanAddress }), member('beta', 2, { wanAddress })],
      [{ member: 'alpha', kind: 'udp', port: 5060 }],
      options,
    );

  test('of one WAN address for all is by ranges of ports, if that is the virtual address, and else is refused', () => {
    expect(described(vip).mediaMethod).toBe('single-ip');
    const errors = (wan: string): string[] =>
      checkDescription(described(wan))
        .filter(({ severity }) => severity === 'error')
        .map(({ text }) => text);
    expect(errors(vip)).toEqual([]);
    expect(errors('203.0.113.77')).toEqual([
      expect.stringContaining('alpha tells media the WAN address 203.0.113.77: with single-ip it must be the virtual'),
      expect.stringContaining('beta tells media the WAN address'),
    ]);
  });
});
