import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { FarmServers } from './farm-servers.ts';
import type { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { childrenOf, signal } from './process.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, sipUsers, writeUsers, type SippFigures, type SippRun } from './sipp.ts';

const domain = 'farm.test';
const rate = 15;
/** At this rate some 75 calls are up at any moment. */
const holdMs = 5_000;
/** So long calls are begun before something happens, and after it. */
const aroundMs = 4_000;
/** A balancer notices by its checks, some seconds later, that nobody answers. */
const noticedMs = 2_000;
/** How long the engine is away, and how long a server hangs: longer than any lease and any grace. */
const awayMs = 8_000;
/** What a server took with it comes again as from telephones (RFC 3261 §17.1.1.1). */
const t1Ms = 500;
/** What is late, and what comes twice, is no error (RFC 3261 §17.1.1.2). */
const patient = ['-default_behaviors', 'all,-abortunexp,-bye'];
const called = sipUsers(300, domain);
const away = sipUsers(330, domain).slice(called.length);

if (requirePeers(['ip', 'nft', 'etcd', 'sipp'])) {
  const network = useNetwork();
  let farm: FarmServers;
  let callers: Host;
  let callees: Host;
  let port = 6000;

  beforeAll(async () => {
    farm = new FarmServers((name) => network().host(name), ['sip.trusted=["10.77.0.0/24"]']);
    callers = network().host('callers');
    callees = network().host('callees');
    await farm.start();
    // Registrations go on while the controller is away: another one may own accounts, too.
    await farm.first.hubfarm('cluster', 'promote', 'farm2');
    await farm.allIn(3);
    await provideAccounts(farm.first, domain, [...called, ...away]);
  });

  /** The next port each time: what is late from an earlier run reaches nobody. */
  const nextPort = (): number => (port += 2);
  const start = (run: Omit<SippRun, 'port' | 'target' | 't1Ms'>): Sipp =>
    new Sipp(callers, {
      ...{ target: `${farm.address}:5060`, port: nextPort(), t1Ms, timeoutMs: 180_000 },
      more: patient,
      ...run,
    });

  interface Load {
    readonly calls: SippFigures;
    readonly registrations: SippFigures;
    /** That telephones were rung. */
    readonly rung: number;
  }

  /** Calls and registrations, each datagram by another server, as long as `during` takes. */
  async function underLoad(what: string, during: () => Promise<void>): Promise<Load> {
    const contactPort = nextPort();
    const keys = { contact: `${callees.address}:${contactPort}` };
    const users = writeUsers(callers, called);
    await start({ scenario: 'register', users, calls: called.length, rate: 100, keys }).succeeds();
    const answering = new Sipp(callees, {
      ...{ scenario: 'patient-callee', port: contactPort, t1Ms, timeoutMs: 180_000 },
      // What another member sends again has the same branch, but another name beside it.
      more: ['-rtcheck', 'loose', ...patient],
    });
    await callees.receives('udp', contactPort);
    const calling = start({ scenario: 'caller', users, rate, holdMs });
    const registering = start({ scenario: 'patient-register', users: writeUsers(callers, away), rate: 5, keys });
    await sleep(aroundMs);
    await during();
    await sleep(aroundMs);
    try {
      const [calls, registrations] = await Promise.all([calling.finished(), registering.finished()]);
      const { created: rung } = await answering.settled(1_000);
      const load = { calls, registrations, rung };
      console.log(`${what}: ${JSON.stringify(load)}`);
      if (calls.failed + registrations.failed > 0) console.log(calling.complaints(), registering.complaints());
      return load;
    } finally {
      await answering.stop();
    }
  }

  /** How long after that moment another server took it out of its farm, as its log says. */
  function excludedAfterMs(server: HubfarmServer, sinceMs: number): number {
    const lines = server.output.split('\n').filter((line) => line.includes('the SIP farm has changed'));
    const times = lines.map((line) => Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? ''));
    return (times.find((time) => time >= sinceMs) ?? Infinity) - sinceMs;
  }

  /** Each call has gone from its INVITE to the answer to its BYE, and no telephone rang for one that was over. */
  function expectNoneFailed({ calls, registrations, rung }: Load): void {
    expect(calls.created).toBeGreaterThan((rate * aroundMs) / 1000);
    expect(calls).toMatchObject({ successful: calls.created, failed: 0 });
    expect(registrations).toMatchObject({ successful: registrations.created, failed: 0 });
    expect(rung).toBe(calls.created);
  }

  describe('calls and registrations through three servers', () => {
    test('all go while one is killed and started again; within a second it is out of the farm', async () => {
      const [first, second, third] = farm.servers;
      let killedMs = 0;
      const load = await underLoad('killed', async () => {
        killedMs = Date.now();
        await third!.kill();
        await sleep(noticedMs);
        await farm.balance([first!, second!]);
        await third!.start();
        await farm.allIn(3);
        await farm.balance(farm.servers);
      });
      const excluded = [first!, second!].map((server) => excludedAfterMs(server, killedMs));
      console.log(`killed: out of the farm after ${excluded.join(' and ')} ms`);
      expectNoneFailed(load);
      expect(Math.max(...excluded)).toBeLessThan(1_000);
    });

    test('all go while one hangs and comes to itself again', async () => {
      const [first, second, third] = farm.servers;
      let hungMs = 0;
      const load = await underLoad('hung', async () => {
        hungMs = Date.now();
        signal(third!.pid, 'SIGSTOP');
        await sleep(noticedMs);
        await farm.balance([first!, second!]);
        await sleep(awayMs - noticedMs);
        signal(third!.pid, 'SIGCONT');
        await farm.allIn(3);
        await farm.balance(farm.servers);
      });
      const excluded = [first!, second!].map((server) => excludedAfterMs(server, hungMs));
      console.log(`hung: out of the farm after ${excluded.join(' and ')} ms`);
      expectNoneFailed(load);
      expect(Math.max(...excluded)).toBeLessThan(awayMs);
    });

    test('all go while each in turn is drained, stopped and started again', async () => {
      const load = await underLoad('restarted one after the other', async () => {
        for (const server of [...farm.servers].reverse()) {
          const name = farm.nameOf(server);
          await farm.first.hubfarm('cluster', 'drain', name);
          await farm.balance(farm.servers.filter((other) => other !== server));
          await server.stop();
          await server.start();
          await farm.first.hubfarm('cluster', 'drain', name, '--undo');
          await farm.allIn(3);
          await farm.balance(farm.servers);
        }
      });
      expectNoneFailed(load);
    });

    test('all go while the engine is lost: every one of its processes', async () => {
      const engines = await until('three engines', 30_000, () => {
        const pids = farm.servers.flatMap(({ pid }) => childrenOf(pid));
        return pids.length === 3 && pids;
      });
      const load = await underLoad('engine lost', async () => {
        for (const pid of engines) signal(pid, 'SIGSTOP');
        await sleep(awayMs);
        for (const pid of engines) signal(pid, 'SIGCONT');
        await farm.allIn(3);
      });
      expectNoneFailed(load);
    });
  });
}
