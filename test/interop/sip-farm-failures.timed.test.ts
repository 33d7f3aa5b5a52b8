import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { FarmServers } from './farm-servers.ts';
import type { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, sipUsers, writeUsers, type SippFigures, type SipUser } from './sipp.ts';

const domain = 'farm.test';
const calls = 300;
const rate = 15;
/** At this rate some 75 calls are up at any moment. */
const holdMs = 5_000;
/** What a server took with it comes again as from telephones (RFC 3261 §17.1.1.1). */
const t1Ms = 500;
const users = sipUsers(3 * calls, domain);

if (requirePeers(['ip', 'nft', 'sipp'])) {
  const network = useNetwork();
  let farm: FarmServers;
  let callers: Host;
  let callees: Host;
  let port = 6000;
  let usersTaken = 0;

  beforeAll(async () => {
    farm = new FarmServers((name) => network().host(name), ['sip.trusted=["10.77.0.0/24"]']);
    callers = network().host('callers');
    callees = network().host('callees');
    await farm.start();
    await provideAccounts(farm.first, domain, users);
  });

  const nextPort = (): number => (port += 2);
  const nextUsers = (): readonly SipUser[] => users.slice(usersTaken, (usersTaken += calls));

  /** Calls, each datagram by another server; `during` happens in their midst. */
  async function underLoad(during: () => Promise<void>): Promise<SippFigures> {
    const file = writeUsers(callers, nextUsers());
    const contactPort = nextPort();
    const target = `${farm.address}:5060`;
    const contact = `${callees.address}:${contactPort}`;
    const registering = { target, users: file, calls, rate: 60, keys: { contact } };
    await new Sipp(callers, { scenario: 'register', port: nextPort(), t1Ms, ...registering }).succeeds();
    const answering = new Sipp(callees, { scenario: 'patient-callee', port: contactPort, t1Ms });
    await callees.receives('udp', contactPort);
    const calling = { target, users: file, calls, rate, holdMs, timeoutMs: 120_000 };
    const caller = new Sipp(callers, { scenario: 'caller', port: nextPort(), t1Ms, ...calling });
    await sleep(8_000);
    await during();
    try {
      return await caller.ended();
    } finally {
      const { failed } = await answering.stop();
      console.log(`${caller.complaints()}\ncallee: ${failed} failed`);
    }
  }

  /** How long after that moment another server took it out of its farm, as its log says. */
  function excludedAfterMs(server: HubfarmServer, sinceMs: number): number {
    const lines = server.output.split('\n').filter((line) => line.includes('the SIP farm has changed'));
    const times = lines.map((line) => Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? ''));
    return (times.find((time) => time >= sinceMs) ?? Infinity) - sinceMs;
  }

  describe('calls through three servers, while one of them', () => {
    test('is killed: none fails, and within a second it is out of the farm', async () => {
      const [first, second, third] = farm.servers;
      let killedMs = 0;
      const figures = await underLoad(async () => {
        killedMs = Date.now();
        await third!.kill();
        // A balancer notices it by its checks, some seconds later.
        await sleep(2_000);
        await farm.balance([first!, second!]);
      });
      const excluded = [first!, second!].map((server) => excludedAfterMs(server, killedMs));
      console.log(`killed: ${JSON.stringify(figures)}, out of the farm after ${excluded.join(' and ')} ms`);
      expect(figures).toMatchObject({ successful: calls, failed: 0 });
      expect(Math.max(...excluded)).toBeLessThan(1_000);
      await third!.start();
      await farm.allIn(3);
      await farm.balance(farm.servers);
    });

    test('is stopped in order: none fails', async () => {
      const [first, second, third] = farm.servers;
      const figures = await underLoad(async () => {
        await farm.balance([first!, second!]);
        await third!.stop();
      });
      console.log(`stopped: ${JSON.stringify(figures)}`);
      expect(figures).toMatchObject({ successful: calls, failed: 0 });
      await third!.start();
      await farm.allIn(3);
      await farm.balance(farm.servers);
    });

    test('is drained and taken back: none fails', async () => {
      const figures = await underLoad(async () => {
        await farm.first.hubfarm('cluster', 'drain', 'farm2');
        await sleep(3_000);
        await farm.first.hubfarm('cluster', 'drain', 'farm2', '--undo');
      });
      console.log(`drained: ${JSON.stringify(figures)}`);
      expect(figures).toMatchObject({ successful: calls, failed: 0 });
    });
  });
}
