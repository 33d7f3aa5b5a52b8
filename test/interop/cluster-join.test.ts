import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execPath } from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';

const launcher = resolve(import.meta.dirname, '../../bin/hubfarm.cjs');
const password = 'cluster-word';
const minute = 60_000;

interface Said {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** `hubfarm cluster …` on the server's own host, as its administrator types it. */
async function cluster(server: HubfarmServer, ...words: string[]): Promise<Said> {
  const args = [launcher, 'cluster', ...words, '--data-dir', server.dataDirectory];
  const { code, stdout, stderr } = await server.host.run(execPath, args, { timeoutMs: 3 * minute });
  return { status: code, output: stdout, errors: stderr };
}

interface Status {
  readonly mode: string;
  readonly clusterId: string;
  readonly servers: readonly {
    readonly server: string;
    readonly state: string;
    readonly role: string;
    readonly engine: string;
  }[];
}

const statusOf = async (server: HubfarmServer): Promise<Status> =>
  JSON.parse((await cluster(server, 'status', '--json')).output) as Status;

if (requirePeers(['ip', 'etcd'])) {
  describe('hubfarm cluster', () => {
    const network = useNetwork();
    let alpha: HubfarmServer;
    let beta: HubfarmServer;
    let gamma: HubfarmServer;
    let others: HubfarmServer;

    const passwordFile = (server: HubfarmServer, text: string): string => {
      const path = join(server.host.folder, `password-${text}`);
      writeFileSync(path, `${text}\n`, { mode: 0o600 });
      return path;
    };
    const joinAlpha = (server: HubfarmServer, ...words: string[]): Promise<Said> =>
      cluster(server, 'join', alpha.host.address, '--password-file', passwordFile(server, password), ...words);
    /** What there is to be seen when something does not come about. */
    const why = async (): Promise<string> =>
      [JSON.stringify(await statusOf(alpha)), alpha.output, beta.output, gamma.output].join('\n');

    /** Any one of three may be lost then. A server that joined gets its part of the engine some seconds later. */
    const allVote = (): Promise<unknown> =>
      until(
        'three voters',
        minute,
        async () => {
          const { servers } = await statusOf(alpha);
          return servers.length === 3 && servers.every(({ engine }) => engine === 'voter');
        },
        why,
      );

    const online = (server: HubfarmServer, names: readonly string[]): Promise<unknown> =>
      until(`${names.join(', ')} online at ${server.host.namespace}`, minute, async () => {
        const { servers } = await statusOf(server).catch(() => ({ servers: [] }));
        return (
          JSON.stringify(servers.filter(({ state }) => state === 'online').map((row) => row.server)) ===
          JSON.stringify(names)
        );
      });

    beforeAll(async () => {
      const make = (name: string, word: string): HubfarmServer =>
        new HubfarmServer(network().host(name), { password: word, settings: [`server.name=${name}`] });
      alpha = make('alpha', password);
      beta = make('beta', 'beta-word');
      gamma = make('gamma', 'gamma-word');
      others = make('others', 'others-word');
      await Promise.all([alpha, beta, gamma, others].map((server) => server.start()));
    }, 2 * minute);

    test('join says so where there is no cluster yet, on both sides, and changes nothing', async () => {
      const { status, errors } = await joinAlpha(beta);
      expect(status).toBe(1);
      expect(errors).toContain('this server stands alone. Run "hubfarm cluster init" on it first');
      expect(alpha.output).toContain('a server did not join');
      expect((await statusOf(beta)).mode).toBe('stand-alone');
    });

    test('init makes a controller, step by step', async () => {
      const { status, errors, output } = await cluster(alpha, 'init');
      expect(errors).toContain('[  ok  ] make the engine of the cluster');
      expect(errors).toContain('[  ok  ] start this server as the controller of its cluster');
      expect([status, output.split('\n')[0]]).toEqual([
        0,
        'this server is the controller of a new cluster; on others run "hubfarm cluster join HOST[:PORT]"',
      ]);
      await online(alpha, ['alpha']);
      expect((await cluster(alpha, 'init')).errors).toContain('this server already belongs to the cluster');
    });

    test('join refuses a wrong password, an unreachable port and a name that runs, on both sides', async () => {
      const wrong = passwordFile(beta, 'guess');
      const guess = await cluster(beta, 'join', alpha.host.address, '--password-file', wrong);
      expect(guess.errors).toContain('wrong password: give the administration password of the controller');
      expect(alpha.output).toContain('wrong password');
      const closed = await joinAlpha(beta, '--public-port', '443,444');
      expect(closed.errors).toContain(`port 444: cannot connect to ${beta.host.address}:444`);
      const taken = await joinAlpha(beta, '--name', 'alpha');
      expect(taken.errors).toContain('another server called "alpha" runs in the cluster');
      expect(alpha.output).toContain('check the server name: another server called');
      expect([guess.status, closed.status, taken.status]).toEqual([1, 1, 1]);
      expect((await statusOf(beta)).mode).toBe('stand-alone');
      expect((await statusOf(alpha)).servers.map(({ server }) => server)).toEqual(['alpha']);
    });

    test('join makes members, which survive a restart', async () => {
      const started = performance.now();
      for (const server of [beta, gamma]) {
        const { status, errors } = await joinAlpha(server);
        expect(errors).toContain("[  ok  ] prove the controller's password");
        expect(errors).toContain(`[  ok  ] become the member ${server === beta ? 'beta' : 'gamma'}`);
        expect(status).toBe(0);
      }
      console.log(
        `two joins, with the restart of both servers: ${((performance.now() - started) / 1000).toFixed(1)} s`,
      );
      await online(alpha, ['alpha', 'beta', 'gamma']);
      await online(beta, ['alpha', 'beta', 'gamma']);
      const { clusterId } = await statusOf(alpha);
      expect(await statusOf(gamma)).toMatchObject({ mode: 'member', clusterId });
      await gamma.stop();
      await gamma.start();
      await online(alpha, ['alpha', 'beta', 'gamma']);
      expect((await cluster(beta, 'promote', 'gamma')).errors).toContain(
        'this server is not the controller: it is alpha',
      );
    });

    test('join refuses a server of another cluster', async () => {
      expect((await cluster(others, 'init')).status).toBe(0);
      const { status, errors } = await joinAlpha(others);
      expect(status).toBe(1);
      expect(errors).toContain('this server made the cluster');
      expect((await statusOf(others)).mode).toBe('controller');
      expect((await cluster(others, 'leave')).status).toBe(0);
      expect((await statusOf(others)).mode).toBe('stand-alone');
    });

    test('leave makes a server stand alone, and it may join again', async () => {
      expect(await cluster(beta, 'leave')).toMatchObject({ status: 0 });
      expect((await statusOf(beta)).mode).toBe('stand-alone');
      await online(alpha, ['alpha', 'gamma']);
      expect(alpha.output).toContain('beta left the cluster');
      expect(await joinAlpha(beta)).toMatchObject({ status: 0 });
      await online(alpha, ['alpha', 'beta', 'gamma']);
    });

    test('a member that joins once more is taken for itself, one that only has its name is not', async () => {
      expect(await joinAlpha(beta, '--weight', '50')).toMatchObject({ status: 0 });
      await online(alpha, ['alpha', 'beta', 'gamma']);
      await allVote();
      await beta.stop();
      await online(alpha, ['alpha', 'gamma']);
      const { errors } = await joinAlpha(others, '--name', 'beta');
      expect(errors).toContain('and this one has not its key');
      await beta.start();
      await online(alpha, ['alpha', 'beta', 'gamma']);
    });

    test('drain and its end are seen at the controller', async () => {
      expect((await cluster(beta, 'drain')).output).toBe('nothing new is placed on beta\n');
      const stateOfBeta = async (): Promise<string | undefined> =>
        (await statusOf(alpha)).servers.find(({ server }) => server === 'beta')?.state;
      await until('beta draining', minute, async () => (await stateOfBeta()) === 'draining');
      expect((await cluster(alpha, 'drain', 'beta', '--undo')).status).toBe(0);
      await until('beta online', minute, async () => (await stateOfBeta()) === 'online');
    });

    test('remove takes a server out that runs, and one that does not', async () => {
      // Three engines vote, so that two can decide that the third goes.
      await allVote();
      await gamma.kill();
      expect(await cluster(alpha, 'remove', 'gamma')).toMatchObject({ status: 0 });
      const removed = await cluster(alpha, 'remove', 'beta');
      expect(removed).toMatchObject({ status: 0 });
      expect(removed.errors).toContain('tell beta, which stands alone again');
      await until(
        'beta alone',
        minute,
        async () => (await statusOf(beta).catch(() => undefined))?.mode === 'stand-alone',
        why,
      );
      await until(
        'alpha alone in the list',
        minute,
        async () => (await statusOf(alpha)).servers.map(({ server }) => server).join() === 'alpha',
        why,
      );
    });

    test('leave of the last server keeps what the cluster had configured', async () => {
      await alpha.hubfarm('hub', 'create', 'KEPT', '--static');
      expect(await cluster(alpha, 'leave')).toMatchObject({ status: 0 });
      expect((await statusOf(alpha)).mode).toBe('stand-alone');
      expect(await alpha.hubfarm('hub', 'list')).toContain('KEPT');
    });
  });
}
