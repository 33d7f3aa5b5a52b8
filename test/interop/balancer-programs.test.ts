import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BalancedCluster } from '../../src/admin/balancer/description.ts';
import { devices } from '../../src/admin/balancer/devices/devices.ts';
import { generate } from '../../src/admin/balancer/generate.ts';
import { readDescription } from '../../src/admin/balancer/read-description.ts';
import { cluster, service } from '../admin/balancer/example.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';

function guide(): BalancedCluster {
  const { cluster: read, problems } = readDescription(readFileSync('test/vectors/balancer/guide.toml', 'utf8'));
  if (read === undefined) throw new Error(problems.join('\n'));
  return read;
}

const frontends = cluster().frontends.map((one, at) => ({
  ...one,
  weight: 100 * (at + 1),
  wanAddress: `203.0.113.2${at}`,
  mediaPorts: { first: 10_000 * (at + 1), last: 10_000 * (at + 1) + 9999 },
}));
const services = [
  service(),
  service({ name: 'sips', port: 5061, protocols: ['tcp'], check: 'tcp' }),
  service({ name: 'mail', port: 25, protocols: ['tcp'], check: 'smtp', predictor: 'least-connections' }),
  service({
    name: 'vpn-443',
    port: 443,
    protocols: ['tcp'],
    check: 'https',
    predictor: 'source',
    frontends: ['a', 'b'],
  }),
];
const unnamed = frontends.map((one) => ({ ...one, wanAddress: '' }));
const bound = services.map((one) => ({ ...one, mode: 'normal' as const }));
const direct = services.map((one) => ({ ...one, mode: 'dsr' as const }));
const mixed = services.map((one, at) =>
  at === 0 ? { ...one, mode: 'dsr' as const } : { ...one, mode: 'normal' as const },
);

const descriptions: Readonly<Record<string, BalancedCluster>> = {
  'NAT, one address': cluster({ services, frontends: unnamed, mediaMethod: 'single-ip' }),
  'NAT, mapped addresses': cluster({ services, frontends, mediaMethod: 'multi-ip-nat' }),
  'NAT, by sender': cluster({ services, frontends: unnamed, predictor: 'source' }),
  'bindings, no farm': cluster({ services: bound, frontends: unnamed, isFarm: false }),
  'direct server return': cluster({ services: direct, frontends: unnamed }),
  'direct server return and ordinary services': cluster({ services: mixed, frontends: unnamed }),
  "the guide's": guide(),
};

/** How each program looks over a configuration without using it, its main file first. */
const checks: Readonly<Record<string, (path: string) => readonly [string, ...string[]]>> = {
  nftables: (path) => ['nft', '-c', '-f', path],
  keepalived: (path) => ['keepalived', '-t', '-f', path],
  haproxy: (path) => ['haproxy', '-c', '-f', path],
  nginx: (path) => ['nginx', '-t', '-q', '-c', path],
};

if (requirePeers(['nft', 'keepalived', 'haproxy', 'nginx', 'nginxStream', 'ip'])) {
  describe('a generated configuration', () => {
    const network = useNetwork();
    let host: Host;

    beforeAll(async () => {
      host = network().host('balancer');
      for (const { virtualAddress } of Object.values(descriptions)) {
        await host.mustRun('ip', ['address', 'replace', `${virtualAddress}/32`, 'dev', 'lo']);
      }
    });

    for (const [title, description] of Object.entries(descriptions)) {
      for (const [name, check] of Object.entries(checks)) {
        const device = devices.find((one) => one.name === name)!;
        const { files, problems } = generate(device, description);
        const refusal = problems.find(({ severity }) => severity === 'error');
        const isProxy = name === 'haproxy' || name === 'nginx';
        if (refusal !== undefined) {
          test(`for ${name}: ${title}: there is none, and a reason`, () => {
            expect(isProxy && description.services.some(({ mode }) => mode === 'dsr')).toBe(true);
            expect(refusal.text).toContain('is a proxy');
          });
          continue;
        }
        test(`for ${name}: ${title}: the program itself has nothing against it`, async () => {
          const folder = join(host.folder, `${name} ${title}`.replaceAll(/\W+/g, '-'));
          mkdirSync(folder);
          for (const file of files) {
            const path = join(folder, file.name);
            writeFileSync(path, file.text);
            const [program, ...args] = file.name.endsWith('.nft') ? ['nft', '-c', '-f', path] : check(path);
            const { stdout, stderr, code } = await host.run(program, args, { timeoutMs: 20_000 });
            expect({
              file: file.name,
              code,
              said: `${stdout}${stderr}`.replaceAll(/^.*Configuration file is valid.*\n?/gm, ''),
            }).toEqual({
              file: file.name,
              code: 0,
              said: '',
            });
          }
        });
      }
    }

    test('for nftables can be loaded again and again, and stands alone in its tables', async () => {
      const [file] = generate(
        devices.find(({ name }) => name === 'nftables')!,
        descriptions['NAT, one address']!,
      ).files;
      const path = join(host.folder, 'again.nft');
      writeFileSync(path, file!.text);
      await host.mustRun('nft', ['add', 'table', 'ip', 'somebody_elses']);
      await host.mustRun('nft', ['-f', path]);
      const once = await host.mustRun('nft', ['list', 'ruleset']);
      await host.mustRun('nft', ['-f', path]);
      expect(await host.mustRun('nft', ['list', 'ruleset'])).toBe(once);
      expect(once).toContain('table ip somebody_elses');
    });
  });
}
