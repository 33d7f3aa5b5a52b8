import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { BalancedCluster } from '../../../src/admin/balancer/description.ts';
import type { Device } from '../../../src/admin/balancer/device.ts';
import { alteon } from '../../../src/admin/balancer/devices/alteon.ts';
import { bigIp } from '../../../src/admin/balancer/devices/bigip.ts';
import { serverIron } from '../../../src/admin/balancer/devices/serveriron.ts';
import { generate } from '../../../src/admin/balancer/generate.ts';
import { readDescription } from '../../../src/admin/balancer/read-description.ts';
import { parseAlteon } from './alteon-parser.ts';
import { parseBigIp } from './bigip-parser.ts';
import { parseServerIron } from './serveriron-parser.ts';

const vector = (name: string): string => readFileSync(`test/vectors/balancer/${name}`, 'utf8');

function guide(change: Partial<BalancedCluster> = {}): BalancedCluster {
  const { cluster, problems } = readDescription(vector('guide.toml'));
  if (cluster === undefined) throw new Error(problems.join('\n'));
  return { ...cluster, ...change };
}

function textFor(device: Device, cluster: BalancedCluster): string {
  const { files, problems } = generate(device, cluster);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return files.map(({ text }) => text).join('\n');
}

describe("from the inputs of the guide's samples", () => {
  test('a ServerIron gets the same real servers, services, health checks, DSR marks, bindings and addresses', () => {
    const sample = parseServerIron(vector('serveriron.txt'));
    const ours = parseServerIron(textFor(serverIron, guide()));
    expect(ours.unknown).toEqual([]);
    expect(ours.predictor).toBe('round-robin');
    expect(ours.reals).toEqual(sample.reals);
    expect(ours.virtuals).toEqual(sample.virtuals);
    expect(ours.virtuals.get('64.173.55.164')?.dsr).toEqual(new Set(['5060', 'smtp', '8100']));
    // "ip mu act" of the sample is about the management module.
    sample.addressing.delete('mu');
    expect(ours.addressing).toEqual(sample.addressing);
  });

  test('a ServerIron is told nothing that makes it look into SIP', () => {
    const text = textFor(serverIron, guide());
    expect(text).not.toMatch(/sip-switch|sip-proxy-server/);
  });

  test('an Alteon gets the same real servers, groups, ports, services, DSR and stateless marks, and addresses', () => {
    // The sample leaves the choice of a real server at the switch's own: fewest connections.
    const ours = parseAlteon(textFor(alteon, guide({ predictor: 'least-connections' })));
    const sample = parseAlteon(vector('alteon.txt'));
    expect(ours).toEqual(sample);
    expect(ours.services['5060']).toEqual({
      reals: ['5', '6', '7', '8'],
      metric: 'leastconns',
      hasUdp: true,
      isStateless: true,
      isDsr: true,
    });
    expect(ours.services['pop3']).toMatchObject({ isDsr: false, hasUdp: false });
  });

  test('an Alteon is not given a password, an address of its hardware, or a date', () => {
    expect(textFor(alteon, guide())).not.toMatch(/admpw "|[\da-f]{2}:[\da-f]{2}:[\da-f]{2}:|20\d\d/i);
  });

  test('a BIG-IP gets the same VLAN, addresses, monitors, profile, pool and virtual server, all of it nPath', () => {
    expect(parseBigIp(textFor(bigIp, guide()))).toEqual(parseBigIp(vector('bigip.txt')));
  });

  test('a BIG-IP has its files by the names that it looks for, and a warning about services that were not DSR', () => {
    const { files, problems } = generate(bigIp, guide());
    expect(files.map(({ name }) => name)).toEqual(['bigip_base.conf', 'bigip.conf', 'bigip_local.conf']);
    expect(problems.map(({ text }) => text)).toEqual([expect.stringContaining('also pop3, imap4')]);
  });
});
