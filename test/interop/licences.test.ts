import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execPath } from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import { BothPrograms } from './cli-both-programs.ts';
import { until, type CommandResult } from './command.ts';
import { HubfarmConnect } from './hubfarm-connect.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork } from './namespaces.ts';
import { passwordOf } from './office.ts';
import { requirePeers } from './peers.ts';

const launcher = resolve(import.meta.dirname, '../../bin/hubfarm.cjs');
const minute = 60_000;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const issuer = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');

function issue(payload: object): string {
  const head = `HF1.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
  return `${head}.${sign(null, Buffer.from(head), privateKey).toString('base64url')}`;
}

const first = issue({ id: 'FIRST-1', name: 'Example Ltd', edition: 'carrier', clients: 1 });
const second = issue({ id: 'SECOND-2', edition: 'enterprise' });

if (requirePeers(['etcd', 'vpncmd', 'ip'])) {
  describe('servers that were told of an issuer of licences, and the real vpncmd', () => {
    const network = useNetwork();
    let alpha: HubfarmServer;
    let beta: HubfarmServer;

    beforeAll(async () => {
      [alpha, beta] = ['alpha', 'beta'].map(
        (name) =>
          new HubfarmServer(network().host(name), {
            settings: [`server.name=${name}`, `cluster.licenceIssuer=${issuer}`],
          }),
      ) as [HubfarmServer, HubfarmServer];
      await Promise.all([alpha.start(), beta.start()]);
    }, 2 * minute);

    const value = async (server: HubfarmServer, command: string, item: string): Promise<string | undefined> =>
      (await server.admin.rows(command)).find(([name]) => name === item)?.[1];

    /** One column of the list. */
    const listed = async (server: HubfarmServer, column: string): Promise<(string | undefined)[]> => {
      const [heading = [], ...rows] = await server.admin.rows('LicenseList');
      return rows.map((row) => row[heading.indexOf(column)]);
    };

    const cluster = (server: HubfarmServer, ...words: string[]): Promise<CommandResult> => {
      const args = [launcher, 'cluster', ...words, '--data-dir', server.dataDirectory];
      return server.host.run(execPath, args, { timeoutMs: minute });
    };

    const joined = (): Promise<CommandResult> => {
      const file = join(beta.host.folder, 'password');
      writeFileSync(file, 'admin-word\n', { mode: 0o600 });
      return cluster(beta, 'join', alpha.host.address, '--password-file', file);
    };

    test('LicenseAdd, LicenseList, LicenseStatus and LicenseDel', async () => {
      expect(await value(alpha, 'LicenseStatus', 'Caution: ')).toMatch(/no product licenses/);
      await alpha.admin.command('LicenseAdd', first);
      await expect(alpha.admin.command('LicenseAdd', first), 'once only').rejects.toThrow(/exit code 112/);
      await expect(alpha.admin.command('LicenseAdd', first.replace('HF1.e', 'HF1.f'))).rejects.toThrow(/exit code 118/);
      expect(await listed(alpha, 'License Type Name')).toEqual(['Example Ltd: Carrier Edition, 1 clients']);
      expect(await value(alpha, 'LicenseStatus', 'Product Edition')).toBe('Carrier Edition');
      expect(await value(alpha, 'LicenseStatus', 'Allowed Concurrent Clients')).toBe('1');
      await alpha.admin.command('LicenseAdd', second);
      // `hubfarm cmd` prints what vpncmd prints, of licences too.
      const both = new BothPrograms(alpha.host, 'localhost:443', 'admin-word');
      const asked = ['LicenseList', 'LicenseStatus', `LicenseAdd ${second}`, 'LicenseDel 1'];
      await both.mustAgree([], asked, 'tables', 'in own words');
      await both.mustAgree([], asked.slice(0, 2), 'CSV');
      const numbers = await listed(alpha, 'Number');
      expect(numbers).toHaveLength(2);
      const { code, stderr } = await both.hubfarm('licence', 'delete', numbers[1]!, '--data-dir', alpha.dataDirectory);
      expect(code, stderr).toBe(0);
      expect(await listed(alpha, 'License ID')).toEqual(['FIRST-1']);
    });

    test(
      'a server joins only with a licence of its own: one that another has is refused, and both are named',
      async () => {
        await expect(beta.admin.command('ClusterSettingController', '/WEIGHT:100', '/ONLY:no')).rejects.toThrow(
          /exit code 120/,
        );
        expect((await cluster(alpha, 'init')).code).toBe(0);
        expect((await joined()).stderr).toMatch(/"beta" has none/);
        await beta.admin.command('LicenseAdd', first);
        expect((await joined()).stderr).toMatch(/FIRST-1 is registered for server "alpha".*for server "beta"/s);
        const [number = ''] = await listed(beta, 'Number');
        await beta.admin.command('LicenseDel', number);
        await beta.admin.command('LicenseAdd', second);
        const { code, stdout, stderr } = await joined();
        expect(code, stdout + stderr).toBe(0);
        expect((await listed(alpha, 'License Key')).sort()).toEqual(['alpha', 'beta']);
      },
      3 * minute,
    );

    test(
      'there are as many sessions in the cluster as licences allow, and no more (103)',
      async () => {
        await alpha.hubfarm('hub', 'create', 'LAN', '--static');
        const connect = (user: string): HubfarmConnect =>
          new HubfarmConnect(network().host(user), {
            ...{ server: alpha.host.address, hub: 'LAN', user },
            words: ['--password', passwordOf(user), '--insecure'],
          });
        for (const user of ['anna', 'ben']) await alpha.admin.createUser('LAN', user, passwordOf(user));
        const anna = connect('anna');
        await anna.connected(1, minute);
        const ben = connect('ben');
        await ben.said(/103/, 1, minute);
        await anna.stop();
        await ben.connected(1, minute);
        await ben.stop();
      },
      3 * minute,
    );

    test(
      'a server that leaves takes its licence along',
      async () => {
        expect((await cluster(beta, 'leave')).code).toBe(0);
        expect(await listed(alpha, 'License ID')).toEqual(['FIRST-1']);
        const own = async (): Promise<boolean> => (await listed(beta, 'License ID').catch(() => []))[0] === 'SECOND-2';
        await until('its own licence at the server that left', minute, own);
      },
      2 * minute,
    );
  });
}
