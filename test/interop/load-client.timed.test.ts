import { resolve } from 'node:path';
import { execPath } from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { hub, passwordOf } from './office.ts';
import { requirePeers } from './peers.ts';
import { VpnServer } from './vpn-server.ts';

const program = resolve(import.meta.dirname, '../../bench/load-client.ts');
type Line = Readonly<Record<string, unknown>>;

const servers = {
  'the real vpnserver': (host: Host) => new VpnServer(host),
  hubfarm: (host: Host) => new HubfarmServer(host),
};

if (requirePeers(['vpnserver', 'vpncmd', 'ip'])) {
  describe.each(Object.entries(servers))('the load client with %s', (_name, make) => {
    const network = useNetwork();
    let host: Host;
    let server: HubfarmServer | VpnServer;

    beforeAll(async () => {
      server = make(network().host('server'));
      host = network().host('load');
      await server.start();
      await server.admin.createHub(hub);
      await server.admin.createUser(hub, 'anna', passwordOf('anna'));
    });

    /** The lines of its output. */
    const load = async (...words: string[]): Promise<Line[]> => {
      const login = ['--server', `${server.host.address}:443`, '--hub', hub, '--user', 'anna'];
      const password = ['--password', passwordOf('anna')];
      const args = ['--conditions=hubfarm-source', program, ...words, ...login, ...password];
      const { stdout, stderr, code } = await host.run(execPath, args, { timeoutMs: 60_000 });
      expect([code, stderr]).toEqual([0, '']);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
    };

    test('logs in and holds idle sessions', async () => {
      const [up, result] = await load('login', '--sessions', '40', '--concurrency', '8', '--hold', '2');
      expect(up).toMatchObject({ kind: 'up', up: 40, failed: 0 });
      expect(result).toMatchObject({ kind: 'login', up: 40, failed: 0, held: { up: 40, lost: 0 } });
      expect(result?.['loginsPerSecond']).toBeGreaterThan(1);
    });

    test('storms the server with log-ins', async () => {
      const [warm, up, result] = await load('storm', '--sessions', '20', '--warm-up', '5', '--hold', '0');
      expect(warm).toMatchObject({ kind: 'warm' });
      expect(up).toMatchObject({ kind: 'up', up: 20, failed: 0 });
      expect(result).toMatchObject({ kind: 'login', held: { up: 20, lost: 0 } });
    });

    test('shares log-ins among processes', async () => {
      const words = ['--sessions', '11', '--concurrency', '4', '--hold', '0', '--processes', '2'];
      const [up, result] = await load('login', ...words);
      expect(up).toMatchObject({ kind: 'up', processes: 2, up: 11, failed: 0 });
      expect(result).toMatchObject({ kind: 'login', held: { up: 11, lost: 0 } });
    });

    test('floods the hub with small frames', async () => {
      const [, result] = await load('flood', '--senders', '1', '--receivers', '1', '--size', '64', '--seconds', '1');
      expect(result).toMatchObject({ kind: 'flood', size: 64, lostSessions: 0 });
      expect(result?.['receivedFramesPerSecond']).toBeGreaterThan(1_000);
    });

    test('paces frames and times them; over 4 connections too', async () => {
      const words = ['--rate', '200', '--seconds', '1', '--connections', '4', '--senders', '2', '--receivers', '2'];
      const [, result] = await load('pace', ...words);
      expect(result).toMatchObject({ kind: 'pace', lostSessions: 0, refusedBlocks: 0 });
      expect(result?.['receivedFrames']).toBe(result?.['sentFrames']);
    });
  });
}
