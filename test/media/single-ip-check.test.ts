import { describe, expect, test } from 'vitest';
import { checkMedia, type MediaMember } from '../../src/media/single-ip-check.ts';

const member = (name: string, first: number, last: number, some: Partial<MediaMember> = {}): MediaMember => ({
  name,
  ports: { first, last },
  wanAddress: undefined,
  servicePorts: [5060],
  machine: name,
  ...some,
});
const findings = (members: readonly MediaMember[], wanAddress?: string): string[] =>
  checkMedia({ members, wanAddress }).findings.map(({ level, text }) => `${level}: ${text}`);

describe('the media of a cluster behind one public address', () => {
  const three = [member('L1', 10_000, 19_999), member('L2', 20_000, 29_999), member('L3', 30_000, 39_999)];

  test('are right with ranges of their own; 15,000 streams fit', () => {
    expect(checkMedia({ members: three, wanAddress: '192.0.2.1' })).toEqual({
      method: 'single-ip',
      findings: [],
      capacity: 15_000,
      forwardings: three.map(({ name, ports }) => ({ member: name, ports })),
    });
  });

  test('are told which members share ports', () => {
    const [finding, ...rest] = findings([member('L1', 10_000, 19_999), member('L2', 19_998, 29_999)], '192.0.2.1');
    expect(finding).toContain('error: L1 (10000-19999) and L2 (19998-29999) share ports behind 192.0.2.1');
    expect(rest).toEqual([]);
  });

  test('are warned of ranges that leave a port over, of ports of services, and of two WAN addresses', () => {
    expect(findings([member('L1', 10_000, 19_998)], '192.0.2.1').join()).toContain('a port is left over');
    expect(findings([member('L1', 5000, 5999)], '192.0.2.1').join()).toContain(
      'port 5060 in it, which is used by this server (SIP)',
    );
    expect(findings([member('L1', 5061, 5999)], '192.0.2.1').join()).toContain('usually SIP with TLS');
    expect(findings([member('L1', 10_000, 19_999, { wanAddress: '192.0.2.9' })], '192.0.2.1').join()).toContain(
      'leave that of the servers empty',
    );
  });
});

describe('the media of members with addresses of their own', () => {
  test('may have the same ports', () => {
    const members = [
      member('F1', 10_000, 19_999, { wanAddress: '192.0.2.1' }),
      member('F2', 10_000, 19_999, { wanAddress: '192.0.2.2' }),
    ];
    expect(checkMedia({ members, wanAddress: undefined })).toMatchObject({
      method: 'multi-ip',
      findings: [],
      forwardings: [],
    });
  });

  test('may not share both, and are warned when one has none', () => {
    const members = [
      member('F1', 10_000, 19_999, { wanAddress: '192.0.2.1' }),
      member('F2', 10_000, 19_999, { wanAddress: '192.0.2.1' }),
      member('F3', 10_000, 19_999),
    ];
    expect(findings(members)).toEqual([
      expect.stringContaining('warning: F3 has no WAN address'),
      expect.stringContaining('error: F1 (10000-19999) and F2 (10000-19999) share ports behind 192.0.2.1'),
    ]);
  });

  test('need no public address at all inside of one network', () => {
    expect(checkMedia({ members: [member('F1', 10_000, 19_999)], wanAddress: undefined })).toMatchObject({
      method: 'none',
      findings: [],
    });
  });
});
