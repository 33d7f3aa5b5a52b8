import { resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RelayPlan, SidePlan, StreamCounters } from '../../src/media/relay/relay.ts';
import { mustRun, until } from './command.ts';
import { type Host, useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { type RunningProcess, signal } from './process.ts';

const script = (name: string): string => resolve(import.meta.dirname, `rtp/${name}.ts`);
const nodeArgs = ['-C', 'hubfarm-source'];

interface Heard {
  readonly sent: number;
  /** By source. */
  readonly heard: Readonly<Record<string, number>>;
  /** SSRC of the newest packet: the port of whoever sent it. */
  readonly newest: number;
}

interface State {
  readonly means: string;
  readonly streams: readonly StreamCounters[];
}

if (requirePeers(['nft', 'ip'])) {
  describe('the media relay between hosts', () => {
    const network = useNetwork();
    let relay: Host;
    let alice: Host;
    let bob: Host;
    let running: RunningProcess | undefined;

    beforeAll(async () => {
      [relay, alice, bob] = [network().host('relay'), network().host('alice'), network().host('bob')];
      for (const [i, host] of [relay, alice, bob].entries()) {
        await host.mustRun('ip', ['addr', 'add', `fd77::${i + 1}/64`, 'dev', 'eth0', 'nodad']);
      }
    });

    beforeEach(async () => {
      await relay.mustRun('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
      await relay.mustRun('nft', ['flush', 'ruleset']);
    });

    afterEach(async () => {
      if (running?.hasEnded === false) await running.kill();
      running = undefined;
    });

    const side = (port: number, remote: string, remotePort: number, changes: Partial<SidePlan> = {}): SidePlan => ({
      local: { address: remote.includes(':') ? 'fd77::1' : relay.address, port },
      remote: { address: remote, port: remotePort },
      remoteControl: { address: remote, port: remotePort + 1 },
      learn: { addresses: [remote], isAnySourceAccepted: false },
      isDeaf: false,
      ...changes,
    });
    const planOf = (a: SidePlan, b: SidePlan): RelayPlan => ({
      streams: [{ kind: 'rtp', a, b, isMuxed: false }],
      timeoutMs: 60_000,
    });

    async function start(way: 'kernel' | 'user', ...plans: RelayPlan[]): Promise<RunningProcess> {
      const args = [...nodeArgs, script('relay-process'), way, ...plans.map((plan) => JSON.stringify(plan))];
      const made = relay.start(process.execPath, args);
      running = made;
      await made.says(/^ready$/m);
      // The table is there a moment after the start.
      if (way === 'kernel')
        await until(
          'a table',
          10_000,
          async () => (await tables()).length > 0,
          () => made.output,
        );
      return made;
    }

    async function tables(): Promise<string[]> {
      const text = await relay.mustRun('nft', ['list', 'tables']);
      return text.split('\n').filter((line) => line.includes('hubfarm_media_'));
    }

    async function state(of: RunningProcess, asked: 'SIGUSR2' | 'SIGTERM' = 'SIGUSR2'): Promise<State> {
      const before = of.output.length;
      signal(of.pid, asked);
      const text = await until('an answer', 30_000, () => /^\{.*\}$/m.exec(of.output.slice(before))?.[0]);
      return JSON.parse(text) as State;
    }

    async function speak(host: Host, port: number, to: number, seconds = 2, address = host.address): Promise<Heard> {
      const target = address.includes(':') ? 'fd77::1' : relay.address;
      const args = [...nodeArgs, script('phone-process'), `${address}:${port}`, `${target}:${to}`, `${seconds}`];
      return JSON.parse(await host.mustRun(process.execPath, args)) as Heard;
    }

    const callOf = (): RelayPlan => planOf(side(30_000, alice.address, 4000), side(40_000, bob.address, 5000));

    test.each(['user', 'kernel'] as const)('carries a call both ways (%s), and counts it', async (way) => {
      const process = await start(way, callOf());
      const [a, b] = await Promise.all([speak(alice, 4000, 30_000, 3), speak(bob, 5000, 40_000, 3)]);
      expect(Object.keys(a.heard)).toEqual([`${relay.address}:30000`]);
      expect(Object.keys(b.heard)).toEqual([`${relay.address}:40000`]);
      // What one sends before the other has a socket is lost.
      expect(a.heard[`${relay.address}:30000`]).toBeGreaterThan(120);
      expect([a.newest, b.newest]).toEqual([5000, 4000]);
      // The kernel is asked every few seconds: what it has forwarded since is counted with the end of the call.
      expect((await state(process, 'SIGTERM')).streams[0]).toMatchObject({
        isInKernel: way === 'kernel',
        a: { packets: a.sent, octets: a.sent * 172, source: { address: alice.address, port: 4000 } },
        b: { packets: b.sent },
      });
    });

    test('carries IPv6 in the kernel, too', async () => {
      const process = await start('kernel', planOf(side(30_000, 'fd77::2', 4000), side(40_000, 'fd77::3', 5000)));
      const speaking = [speak(alice, 4000, 30_000, 2, 'fd77::2'), speak(bob, 5000, 40_000, 2, 'fd77::3')] as const;
      const [a, b] = await Promise.all(speaking);
      expect(a.heard['fd77::1:30000']).toBeGreaterThan(70);
      expect(b.heard['fd77::1:40000']).toBeGreaterThan(70);
      expect((await state(process)).streams[0]?.isInKernel).toBe(true);
    });

    test('carries between IPv4 and IPv6 in user space', async () => {
      const process = await start('kernel', planOf(side(30_000, alice.address, 4000), side(40_000, 'fd77::3', 5000)));
      const [a, b] = await Promise.all([speak(alice, 4000, 30_000), speak(bob, 5000, 40_000, 2, 'fd77::3')]);
      expect(a.heard[`${relay.address}:30000`]).toBeGreaterThan(70);
      expect(b.heard['fd77::1:40000']).toBeGreaterThan(70);
      expect((await state(process)).streams[0]?.isInKernel).toBe(false);
    });

    test('lets nobody else speak in a call, nor hear it', async () => {
      const intruder = network().host('intruder');
      const process = await start('kernel', callOf());
      const [a, b] = await Promise.all([speak(alice, 4000, 30_000, 4), speak(bob, 5000, 40_000, 4)]);
      const [thief, still] = await Promise.all([speak(intruder, 4000, 30_000), speak(bob, 5000, 40_000)]);
      expect(thief.heard).toEqual({});
      expect(still.heard).toEqual({});
      expect([a.newest, b.newest]).toEqual([5000, 4000]);
      expect((await state(process)).streams[0]).toMatchObject({
        a: { droppedPackets: thief.sent, source: { address: alice.address, port: 4000 } },
        isInKernel: true,
      });
    });

    test.each(['user', 'kernel'] as const)('finds a telephone behind a NAT (%s)', async (way) => {
      const [nat, carol] = [network().host(`nat-${way}`), network().host(`carol-${way}`)];
      await mustRun('ip', [
        ...['-n', carol.namespace, 'link', 'add', 'in0', 'type', 'veth'],
        ...['peer', 'name', 'in0', 'netns', nat.namespace],
      ]);
      await carol.mustRun('ip', ['link', 'set', 'eth0', 'down']);
      await carol.configure('in0', '192.168.9.2/24');
      await nat.configure('in0', '192.168.9.1/24');
      await carol.mustRun('ip', ['route', 'add', 'default', 'via', '192.168.9.1']);
      await nat.mustRun('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
      const rules =
        'table ip home {\nchain out {\ntype nat hook postrouting priority srcnat;\noif "in0" return\nip protocol udp masquerade to :61000-61999\n}\n}\n';
      await nat.mustRun('nft', ['-f', '-'], { input: rules });
      const learn = { addresses: ['192.168.9.2', nat.address], isAnySourceAccepted: false };
      const plan = planOf(side(30_000, '192.168.9.2', 4000, { learn }), side(40_000, bob.address, 5000));
      const process = await start(way, plan);
      const [a, b] = await Promise.all([speak(carol, 4000, 30_000, 3, '192.168.9.2'), speak(bob, 5000, 40_000, 3)]);
      expect(a.heard[`${relay.address}:30000`]).toBeGreaterThan(110);
      expect(b.heard[`${relay.address}:40000`]).toBeGreaterThan(110);
      const [stream] = (await state(process)).streams;
      expect(stream?.a.source?.address).toBe(nat.address);
      expect(stream?.a.source?.port).toBeGreaterThanOrEqual(61_000);
      expect(stream?.isInKernel).toBe(way === 'kernel');
    });

    test('follows a party that moves (the kernel lets go of it and takes it again)', async () => {
      const moved = planOf(side(30_000, alice.address, 4000), side(40_000, bob.address, 5500));
      const process = await start('kernel', callOf(), moved);
      const first = await Promise.all([speak(alice, 4000, 30_000), speak(bob, 5000, 40_000)]);
      expect(first[1].newest).toBe(4000);
      signal(process.pid, 'SIGHUP');
      await process.says(/updated/);
      const [a, b] = await Promise.all([speak(alice, 4000, 30_000, 3), speak(bob, 5500, 40_000, 3)]);
      expect([a.newest, b.newest]).toEqual([5500, 4000]);
      expect(b.heard[`${relay.address}:40000`]).toBeGreaterThan(120);
      expect((await state(process)).streams[0]).toMatchObject({
        isInKernel: true,
        b: { source: { address: bob.address, port: 5500 } },
      });
    });

    test('works on when somebody else flushes the rules of the host', async () => {
      const process = await start('kernel', callOf());
      await Promise.all([speak(alice, 4000, 30_000), speak(bob, 5000, 40_000)]);
      await relay.mustRun('nft', ['flush', 'ruleset']);
      expect(await tables()).toHaveLength(1);
      const [a] = await Promise.all([speak(alice, 4000, 30_000), speak(bob, 5000, 40_000)]);
      expect(a.heard[`${relay.address}:30000`]).toBeGreaterThan(70);
      expect((await state(process)).streams[0]?.isInKernel).toBe(true);
    });

    test('goes back to user space where the host drops what it forwards, and says why', async () => {
      const rules = 'table ip wall {\nchain no {\ntype filter hook forward priority 0; policy drop;\n}\n}\n';
      await relay.mustRun('nft', ['-f', '-'], { input: rules });
      const process = await start('kernel', callOf());
      const [a, b] = await Promise.all([speak(alice, 4000, 30_000, 4), speak(bob, 5000, 40_000, 4)]);
      expect(a.heard[`${relay.address}:30000`]).toBeGreaterThan(100);
      expect(b.heard[`${relay.address}:40000`]).toBeGreaterThan(100);
      const { means, streams } = await state(process);
      expect(means).toMatch(/^user space \(epoll\): the kernel takes the packets .* a firewall on this host drops/);
      expect(streams[0]?.isInKernel).toBe(false);
      expect(await tables()).toEqual([]);
    });

    test('says so where the host forwards nothing', async () => {
      await relay.mustRun('sysctl', ['-qw', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0']);
      const process = await start('user', callOf());
      await process.stop();
      const kernel = relay.start(globalThis.process.execPath, [
        ...[...nodeArgs, script('relay-process'), 'kernel', JSON.stringify(callOf())],
      ]);
      running = kernel;
      await kernel.says(/does not forward IPv4 packets: allow it with "sysctl -w net\.ipv4\.ip_forward=1"/);
    });

    test.each(['SIGTERM', 'SIGKILL'] as const)('leaves no table when it ends by %s, and begins anew', async (name) => {
      const process = await start('kernel', callOf());
      await Promise.all([speak(alice, 4000, 30_000), speak(bob, 5000, 40_000)]);
      expect(await tables()).toHaveLength(1);
      await process.stop(30_000, name);
      await until('no table', 30_000, async () => (await tables()).length === 0);
      const again = await start('kernel', callOf());
      const [a] = await Promise.all([speak(alice, 4000, 30_000), speak(bob, 5000, 40_000)]);
      expect(a.newest).toBe(5000);
      expect((await state(again)).streams[0]?.isInKernel).toBe(true);
    });

    test('of two members of a host one ends without the other', async () => {
      const one = await start('kernel', callOf());
      const other = await start('kernel', planOf(side(31_000, alice.address, 4100), side(41_000, bob.address, 5100)));
      try {
        await until('two tables', 30_000, async () => (await tables()).length === 2);
        await Promise.all([speak(alice, 4100, 31_000), speak(bob, 5100, 41_000)]);
        await one.kill();
        await until('one table', 30_000, async () => (await tables()).length === 1);
        const [a] = await Promise.all([speak(alice, 4100, 31_000), speak(bob, 5100, 41_000)]);
        expect(a.heard[`${relay.address}:31000`]).toBeGreaterThan(70);
        expect((await state(other)).streams[0]?.isInKernel).toBe(true);
      } finally {
        if (!one.hasEnded) await one.kill();
      }
    });
  });
}
