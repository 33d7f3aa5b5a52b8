import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FairStopwatch } from '../io/node/fair-stopwatch.ts';
import { until } from './command.ts';
import { ConnectCrew, sentTo } from './connect-crew.ts';
import type { HubfarmConnect } from './hubfarm-connect.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { passwordOf } from './office.ts';
import { requirePeers } from './peers.ts';
import { ServerCluster } from './server-cluster.ts';
import { VpnClient } from './vpn-client.ts';

const password = 'admin-word';
const dynamicHub = 'ROAMING';
const staticHub = 'EVERYWHERE';
const addresses: Readonly<Record<string, string>> = { anna: '192.168.7.1', ben: '192.168.7.2' };

/** The goal is three seconds, on a machine that does nothing else (bench/cluster/failover.ts). */
const noticedWithinMs = 20_000;

const seconds = (ms: number): string => (ms / 1000).toFixed(2);

if (requirePeers(['vpnclient', 'vpncmd', 'ping', 'ip'])) {
  describe('a cluster of hubfarm servers', () => {
    const network = useNetwork();
    let cluster: ServerCluster<HubfarmServer>;
    let anna: VpnClient;
    let ben: VpnClient;
    const crew = new ConnectCrew(() => cluster.controller.host.address);

    const hire = async (user: string): Promise<VpnClient> => {
      const host: Host = network().host(user);
      const client = new VpnClient(host);
      await client.start();
      for (const hub of [dynamicHub, staticHub]) {
        const server = `${cluster.controller.host.address}:443`;
        await client.createAccount({ name: hub, server, hub, user, password: passwordOf(user), maxTcp: 2 });
      }
      await host.configure(client.device, `${addresses[user]}/24`);
      return client;
    };

    /** Address of the server that the session lives on, as the client knows it. */
    const placeOf = async (client: VpnClient, account: string): Promise<string> =>
      (await client.status(account)).get('Server Name') ?? '';

    const connect = (host: Host, user: string, hub: string): HubfarmConnect =>
      crew.connect(host, { hub, user, words: ['--address', `${addresses[user]}/24`] });

    beforeAll(async () => {
      const [controller, ...members] = ['controller', 'member1', 'member2'].map(
        (name) => new HubfarmServer(network().host(name), { password, settings: [`server.name=${name}`] }),
      );
      cluster = new ServerCluster(controller!, members, { password, isControllerOnly: true });
      await cluster.start();
      const { admin } = cluster.controller;
      await admin.command('HubCreateDynamic', dynamicHub, '/PASSWORD:hub-word');
      await admin.command('HubCreateStatic', staticHub, '/PASSWORD:hub-word');
      for (const hub of [dynamicHub, staticHub]) {
        for (const user of ['anna', 'ben']) await admin.createUser(hub, user, passwordOf(user));
      }
      [anna, ben] = await Promise.all([hire('anna'), hire('ben')]);
    }, 180_000);

    afterEach(async () => {
      await crew.stop();
      for (const client of [anna, ben]) {
        for (const hub of [dynamicHub, staticHub]) await client.disconnect(hub).catch(() => '');
      }
    });

    test('sends real clients to the member that hosts a dynamic hub, where they meet', async () => {
      await anna.mustConnect(dynamicHub);
      await ben.mustConnect(dynamicHub);
      const place = await placeOf(anna, dynamicHub);
      expect(await placeOf(ben, dynamicHub)).toBe(place);
      expect(cluster.members.map(({ host }) => host.address)).toContain(place);
      await anna.host.reaches(addresses['ben']!);
      expect(await anna.host.ping(addresses['ben']!, { count: 20 })).toMatchObject({ received: 20 });
    });

    test('spreads real clients over its members on a static hub', async () => {
      await anna.mustConnect(staticHub);
      await ben.mustConnect(staticHub);
      const places = [await placeOf(anna, staticHub), await placeOf(ben, staticHub)];
      expect(places.sort()).toEqual(cluster.members.map(({ host }) => host.address).sort());
    });

    test('refuses a user who comes straight to a member, and admits the hub’s administrator there', async () => {
      const member = cluster.members[0]!;
      const server = `${member.host.address}:443`;
      const straight = { server, hub: staticHub, user: 'anna', password: passwordOf('anna') };
      await anna.createAccount({ ...straight, name: 'straight' });
      await anna.connect('straight');
      await anna.waitLogged(/"straight".*\(code 12\)/);
      await anna.disconnect('straight');
      await anna.createAccount({ ...straight, name: 'boss', user: 'Administrator', password: 'hub-word' });
      await anna.mustConnect('boss');
      expect(await placeOf(anna, 'boss')).toBe(member.host.address);
      await anna.disconnect('boss');
      expect(member.output).toContain('this server is a cluster member');
    });

    test('has hubfarm connect back with data after kill -9 of its member, on a static hub', async () => {
      const annas = connect(anna.host, 'anna', staticHub);
      await annas.connected();
      const bens = connect(ben.host, 'ben', staticHub);
      await bens.connected();
      const victim = sentTo(annas);
      expect(sentTo(bens)).not.toBe(victim);
      // a session that has lasted
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      const dead = new FairStopwatch();
      await cluster.at(victim).kill();
      await ben.host.reaches(addresses['anna']!, 60_000);
      const backMs = dead.ms;
      console.log(`member killed: hubfarm connect has data again after ${seconds(backMs)} s`);
      expect(sentTo(annas)).toBe(sentTo(bens));
      expect(backMs).toBeLessThan(noticedWithinMs);
      await cluster.at(victim).start();
      await cluster.joined();
    });

    test('moves a dynamic hub whose member was killed, with all its users', async () => {
      const annas = connect(anna.host, 'anna', dynamicHub);
      await annas.connected();
      const bens = connect(ben.host, 'ben', dynamicHub);
      await bens.connected();
      await anna.host.reaches(addresses['ben']!);
      const victim = sentTo(annas);
      const started = performance.now();
      await cluster.at(victim).kill();
      await Promise.all([annas.connected(2, 60_000), bens.connected(2, 60_000)]);
      await anna.host.reaches(addresses['ben']!, 60_000);
      console.log(`member killed: the dynamic hub has data again after ${seconds(performance.now() - started)} s`);
      expect(sentTo(annas)).not.toBe(victim);
      await cluster.at(victim).start();
      await cluster.joined();
    });

    test('brings real clients of a killed member back with data, which SoftEther’s own never does', async () => {
      await anna.mustConnect(dynamicHub);
      await ben.mustConnect(dynamicHub);
      await anna.host.reaches(addresses['ben']!);
      const victim = await placeOf(anna, dynamicHub);
      const started = performance.now();
      await cluster.at(victim).kill();
      const isBack = async (): Promise<boolean> => (await placeOf(anna, dynamicHub)) !== victim;
      await until('anna to be on another member', 90_000, isBack);
      await anna.host.reaches(addresses['ben']!, 60_000);
      console.log(`member killed: real clients have data again after ${seconds(performance.now() - started)} s`);
      await cluster.at(victim).start();
      await cluster.joined();
    });

    test('drains a member: its clients go to another, and it says when nobody is left', async () => {
      await anna.mustConnect(dynamicHub);
      const bens = connect(ben.host, 'ben', dynamicHub);
      await bens.connected();
      await anna.host.reaches(addresses['ben']!);
      const victim = await placeOf(anna, dynamicHub);
      const name = cluster.at(victim).host.namespace.split('-').at(-1) ?? '';
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      const started = performance.now();
      const since = (): string => seconds(performance.now() - started);
      const drained = cluster.controller.hubfarm('cluster', 'drain', name);
      await bens.connected(2, 60_000);
      const program = since();
      await until('anna to be elsewhere', 90_000, async () => (await placeOf(anna, dynamicHub)) !== victim);
      await anna.host.reaches(addresses['ben']!, 60_000);
      console.log(`drain began: hubfarm connect is back after ${program} s, a real client has data after ${since()} s`);
      console.log(await drained);
      await cluster.controller.hubfarm('cluster', 'drain', name, '--undo');
      expect(sentTo(bens)).not.toBe(victim);
    });

    test('loses no session when its controller is killed, and lets clients in again when that is back', async () => {
      await anna.mustConnect(dynamicHub);
      await ben.mustConnect(dynamicHub);
      await anna.host.reaches(addresses['ben']!);
      await cluster.controller.kill();
      const ping = await anna.host.ping(addresses['ben']!, { count: 100, intervalMs: 100 });
      expect(ping.received).toBe(100);
      expect(await anna.isConnected(dynamicHub)).toBe(true);
      await cluster.controller.start();
      await cluster.joined();
      await ben.disconnect(dynamicHub);
      await ben.mustConnect(dynamicHub, 60_000);
      await anna.host.reaches(addresses['ben']!);
    });
  });
}
