import { describe, expect, test } from 'vitest';
import { Gone, Timeout, type MemberBoot } from '#cluster';
import { BusRig, CLUSTER, outcome, PORT, type RigMember } from './bus-rig.ts';

const never = (): Promise<never> => new Promise(() => undefined);

async function two(): Promise<{ readonly rig: BusRig; readonly a: RigMember; readonly b: RigMember }> {
  const rig = new BusRig();
  const [a, b] = await rig.members('a', 'b');
  return { rig, a: a!, b: b! };
}

const openPairs = (rig: BusRig): number =>
  rig.network.pairs.filter(({ client, server }) => !client.isClosed && !server.isClosed).length;

describe('links', () => {
  test('are up between all members, one for each pair, with their round trip', async () => {
    const rig = new BusRig(1, 5);
    const members = await rig.members('a', 'b', 'c', 'd', 'e');
    await rig.clock.run(2_000);
    for (const { bus, self } of members) {
      const others = members.filter((each) => each.self !== self).map((each) => each.self);
      expect(new Set(bus.links().map(({ to }) => to.member))).toEqual(new Set(others.map(({ member }) => member)));
      for (const { roundTripMs } of bus.links()) expect(roundTripMs).toBe(10);
    }
    expect(openPairs(rig)).toBe(10);
  });

  test('both dial at once: one link stays, on both sides the same, and no call is lost or run twice', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const rig = new BusRig(seed, 20);
      const timing = { dialGraceMs: 1 };
      const [a, b] = [await rig.start('a', { timing }), await rig.start('b', { timing })];
      const ran: unknown[] = [];
      for (const { bus } of [a, b]) bus.serve('test/once', (body) => ran.push(body));
      const calls = Array.from({ length: 10 }, (_, n) => [
        outcome(a.bus.call('b/0', 'test/once', `a${n}`)),
        outcome(b.bus.call('a/0', 'test/once', `b${n}`)),
      ]).flat();
      await rig.clock.run(2_500);
      expect(calls.filter(({ error }) => error !== undefined)).toEqual([]);
      expect(new Set(ran).size).toBe(20);
      expect(ran).toHaveLength(20);
      expect(openPairs(rig)).toBe(1);
      expect([a.bus.links().length, b.bus.links().length]).toEqual([1, 1]);
    }
  });

  test('are made by the one whose name is greater where the other cannot', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const b = await rig.start('b', { isListed: false });
    await rig.clock.run(2_000);
    expect(a.bus.links()).toMatchObject([{ to: b.self, state: 'up' }]);
  });

  test('to members that need none are made when there is something to call', async () => {
    const rig = new BusRig();
    const b = await rig.start('b', { isListed: false });
    rig.book.set({ ...b.self, busAddress: `${b.address}:${PORT}`, keepsLink: false });
    const a = await rig.start('a', { isListed: false });
    b.bus.serve('test/echo', (body) => body);
    await rig.clock.run(5_000);
    expect(a.bus.links()).toEqual([]);
    const called = outcome(a.bus.call('b/0', 'test/echo', 1));
    await rig.clock.run(100);
    expect(called.value).toBe(1);
  });

  test('stay known when the directory, late to know of a new boot, changes between its hello and up', async () => {
    const rig = new BusRig(1, 20);
    const [a, b] = await rig.members('a', 'b');
    a!.host.kill();
    await rig.clock.run(100);
    const again = await rig.start('a', { isListed: false });
    again.bus.serve('test/echo', (body) => body);
    for (let n = 0; n < 200; n++) {
      rig.book.set({ ...a!.self, busAddress: `${a!.address}:${PORT}` });
      await rig.clock.run(5);
    }
    rig.book.set({ ...again.self, busAddress: `${again.address}:${PORT}` });
    await rig.clock.run(100);
    expect(b!.bus.links()).toMatchObject([{ to: again.self, state: 'up' }]);
    const called = outcome(b!.bus.call('a/0', 'test/echo', 1));
    await rig.clock.run(100);
    expect(called.value).toBe(1);
  });
});

describe('a member that dies', () => {
  test('is noticed at once; calls to it wait for their time, and are Gone when it has been started again', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/hang', never);
    const called = outcome(a.bus.call(b.self, 'test/hang', {}));
    await rig.clock.run(10);
    b.host.kill();
    await rig.clock.run(10);
    expect(a.changes).toEqual(['b/0 up', 'b/0 down']);
    expect(a.bus.links()).toEqual([]);
    expect(called.isSettled).toBe(false);
    const again = await rig.start('b');
    await rig.clock.run(10);
    expect(called.error).toBeInstanceOf(Gone);
    expect(called.error?.message).toBe('b has been started again');
    const toOld = outcome(a.bus.call(b.self, 'test/hang', {}));
    await rig.clock.run(1_000);
    expect(toOld.error).toBeInstanceOf(Gone);
    expect(a.bus.links()).toMatchObject([{ to: again.self }]);
  });

  test('and comes back before the directory says so: its hello is enough', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/hang', never);
    const called = outcome(a.bus.call('b/0', 'test/hang', {}));
    await rig.clock.run(10);
    b.host.kill();
    await rig.clock.run(10);
    const again = await rig.start('b', { isListed: false });
    again.bus.serve('test/echo', (body) => body);
    await rig.clock.run(2_000);
    expect(called.error).toBeInstanceOf(Gone);
    const next = outcome(a.bus.call('b/0', 'test/echo', 2));
    await rig.clock.run(100);
    expect(next.value).toBe(2);
  });

  test('without power is silent after 3 s, down after 10 s, and dialled for ever', async () => {
    const { rig, a, b } = await two();
    b.host.powerOff();
    await rig.clock.run(2_000);
    expect(a.changes).toEqual(['b/0 up']);
    await rig.clock.run(1_500);
    expect(a.changes).toEqual(['b/0 up', 'b/0 silent']);
    await rig.clock.run(7_000);
    expect(a.changes).toEqual(['b/0 up', 'b/0 silent', 'b/0 down']);
    await rig.clock.run(60_000);
    await rig.start('b');
    await rig.clock.run(6_000);
    expect(a.changes.at(-1)).toBe('b/0 up');
  });
});

describe('a member that cannot be reached', () => {
  test('is dialled every second or two, at times that differ, and named once in the log', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const times: number[] = [];
    const dial = a.host.network.dialMutualTls.bind(a.host.network);
    a.host.network.dialMutualTls = (options) => {
      times.push(rig.clock.nowMs());
      return dial(options);
    };
    rig.book.set({ member: 'b/0', boot: 'x', busAddress: '10.9.9.9:1' });
    await rig.clock.run(60_000);
    const pauses = times.slice(10).map((time, at) => time - times[at + 9]!);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...pauses)).toBeLessThan(2_100);
    expect(new Set(pauses).size).toBeGreaterThan(10);
    expect(a.log.lines).toEqual(['warn no link of the bus: cannot connect to 10.9.9.9:1: the connection was refused']);
  });

  test('and is started again somewhere else is dialled there at once', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    rig.book.set({ member: 'b/0', boot: 'x', busAddress: '10.9.9.9:1' });
    await rig.clock.run(30_000);
    await rig.start('b');
    await rig.clock.run(20);
    expect(a.changes).toEqual(['b/0 up']);
  });

  test('because its address is none is named in the log', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    rig.book.set({ member: 'b/0', boot: 'x', busAddress: 'nowhere' });
    await rig.clock.run(5_000);
    expect(a.log.lines).toEqual(['warn no link of the bus: b/0 says "nowhere", which is no host:port']);
  });
});

describe('a member that hangs', () => {
  test('is silent after 3 s and up again when it goes on; a call that came meanwhile is answered', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/echo', (body) => body);
    // A sign of life is asked for once a second.
    await rig.clock.run(300);
    b.host.freeze();
    const called = outcome(a.bus.call('b/0', 'test/echo', 1, { timeoutMs: 10_000 }));
    await rig.clock.run(2_500);
    expect(a.changes).toEqual(['b/0 up']);
    await rig.clock.run(1_000);
    expect(a.changes).toEqual(['b/0 up', 'b/0 silent']);
    expect(a.bus.links()).toEqual([]);
    b.host.thaw();
    await rig.clock.run(300);
    expect(a.changes).toEqual(['b/0 up', 'b/0 silent', 'b/0 up']);
    expect(called.value).toBe(1);
  });

  test('does not take the others for silent when it goes on', async () => {
    const { rig, a, b } = await two();
    b.host.freeze();
    await rig.clock.run(5_000);
    b.host.thaw();
    await rig.clock.run(5_000);
    expect(b.changes).toEqual(['a/0 up']);
    expect(a.changes.at(-1)).toBe('b/0 up');
  });

  test('for so long that its link was given up finds its way back', async () => {
    const { rig, a, b } = await two();
    b.bus.serve('test/echo', (body) => body);
    b.host.freeze();
    await rig.clock.run(30_000);
    expect(a.changes.at(-1)).toBe('b/0 down');
    b.host.thaw();
    await rig.clock.run(5_000);
    const called = outcome(a.bus.call(b.self, 'test/echo', 1));
    await rig.clock.run(100);
    expect(called.value).toBe(1);
    expect(openPairs(rig)).toBe(1);
  });
});

describe('a cut network', () => {
  test('silences the link on both sides; healed soon, the same link goes on and nothing is lost', async () => {
    const { rig, a, b } = await two();
    const seen: unknown[] = [];
    b.bus.serve('test/event', (body) => seen.push(body));
    rig.network.cut(a.address, b.address);
    a.bus.send('b/0', 'test/event', 1);
    await rig.clock.run(4_000);
    expect([a.changes.at(-1), b.changes.at(-1)]).toEqual(['b/0 silent', 'a/0 silent']);
    rig.network.heal(a.address, b.address);
    await rig.clock.run(500);
    expect([a.changes.at(-1), b.changes.at(-1)]).toEqual(['b/0 up', 'a/0 up']);
    expect(seen).toEqual([1]);
    expect(rig.network.pairs).toHaveLength(1);
  });

  test('one way only: both sides notice', async () => {
    const { rig, a, b } = await two();
    rig.network.cutOneWay(a.address, b.address);
    await rig.clock.run(4_500);
    expect([a.changes.at(-1), b.changes.at(-1)]).toEqual(['b/0 silent', 'a/0 silent']);
  });

  test('for long: a new link within seconds after it is healed, and calls that waited run once', async () => {
    const { rig, a, b } = await two();
    let ran = 0;
    b.bus.serve('test/count', () => ++ran);
    rig.network.cut(a.address, b.address);
    const called = outcome(a.bus.call(b.self, 'test/count', {}, { timeoutMs: 60_000 }));
    await rig.clock.run(30_000);
    expect(a.changes.at(-1)).toBe('b/0 down');
    rig.network.heal(a.address, b.address);
    await rig.clock.run(5_000);
    expect(called.value).toBe(1);
    expect(ran).toBe(1);
  });

  test('the end of a link that only one side has seen does not keep the other from a new one', async () => {
    const { rig, a, b } = await two();
    // a believes in a link that b has lost.
    const [pair] = rig.network.pairs;
    pair!.silence();
    pair!.server.destroy();
    b.bus.serve('test/echo', (body) => body);
    await rig.clock.run(8_000);
    const called = outcome(a.bus.call('b/0', 'test/echo', 1));
    await rig.clock.run(100);
    expect(called.value).toBe(1);
    expect(pair!.client.isClosed).toBe(true);
  });
});

describe('a link that breaks', () => {
  test('while a call runs: it runs once, and its answer comes over the next link', async () => {
    const { rig, a, b } = await two();
    let ran = 0;
    let finish = (_value: unknown): void => undefined;
    b.bus.serve('test/slow', () => {
      ran++;
      return new Promise((resolve) => (finish = resolve));
    });
    const called = outcome(a.bus.call('b/0', 'test/slow', {}));
    await rig.clock.run(10);
    rig.network.pairs[0]!.cut();
    finish('done');
    await rig.clock.run(1_000);
    expect(called.value).toBe('done');
    expect(ran).toBe(1);
  });

  test('with the answer on its way: it comes over the next link', async () => {
    const { rig, a, b } = await two();
    let ran = 0;
    b.bus.serve('test/count', () => ++ran);
    const called = outcome(a.bus.call('b/0', 'test/count', {}));
    // The call takes a millisecond, the answer another.
    await rig.clock.run(1.5);
    expect(ran).toBe(1);
    rig.network.pairs[0]!.cut();
    await rig.clock.run(1_000);
    expect(called.value).toBe(1);
    expect(ran).toBe(1);
  });

  test('to a member that the directory does not know yet: calls wait for it to come back', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const b = await rig.start('b', { isListed: false });
    b.bus.serve('test/echo', (body) => body);
    await rig.clock.run(2_000);
    rig.network.pairs[0]!.cut();
    await rig.clock.run(10);
    const called = outcome(a.bus.call(b.self, 'test/echo', 1));
    await rig.clock.run(2_000);
    expect(called.value).toBe(1);
  });
});

describe('refused, with a line in the log that says why, is', () => {
  async function refusal(options: Parameters<BusRig['start']>[1]): Promise<readonly [RigMember, RigMember]> {
    const rig = new BusRig();
    const b = await rig.start('b');
    const a = await rig.start('a', options);
    await rig.clock.run(1_000);
    expect(a.bus.links()).toEqual([]);
    expect(b.bus.links()).toEqual([]);
    return [a, b];
  }

  test('a member of another cluster', async () => {
    const [a, b] = await refusal({ cluster: 'farm-2' });
    expect(b.log.lines).toContain(`warn a link of the bus was refused: it is of the cluster farm-2, not of ${CLUSTER}`);
    expect(a.log.lines).toContain(`warn no link of the bus: b refuses: it is of the cluster farm-2, not of ${CLUSTER}`);
  });

  test('a certificate of another authority', async () => {
    const [, b] = await refusal({ authority: 'somebody else' });
    expect(b.log.lines).toContain('warn a connection to the bus was refused: its certificate is not taken');
  });

  test('a server that calls itself by the name of another one', async () => {
    const [, b] = await refusal({ certificateName: 'mallory' });
    expect(b.log.lines).toContain(
      'warn a link of the bus was refused: it calls itself a/0 with a certificate of mallory',
    );
  });

  test('a server where another one was expected', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const c = await rig.start('c');
    rig.book.set({ member: 'b/0', boot: 'x', busAddress: `${c.address}:${PORT}` });
    await rig.clock.run(1_000);
    const line = `no link of the bus: cannot connect to ${c.address}:${PORT}: its certificate is of "c", not of "b"`;
    expect(a.log.lines).toContain(`warn ${line}`);
  });

  test('a member that the owner of the bus does not want', async () => {
    const rig = new BusRig();
    const b = await rig.start('b', {
      admit: ({ member }: MemberBoot) => (member === 'a/0' ? 'it was removed' : undefined),
    });
    const a = await rig.start('a');
    await rig.clock.run(1_000);
    expect(b.bus.links()).toEqual([]);
    expect(a.log.lines).toContain('warn no link of the bus: b refuses: it was removed');
  });
});

describe('a member that is removed', () => {
  test('loses its link when the directory changes', async () => {
    const rig = new BusRig();
    let removed = '';
    const admit = ({ member }: MemberBoot): string | undefined => (member === removed ? 'it was removed' : undefined);
    const a = await rig.start('a', { admit });
    const b = await rig.start('b');
    await rig.clock.run(1_000);
    removed = 'b/0';
    rig.book.remove('b/0');
    await rig.clock.run(5_000);
    expect([a.bus.links(), b.bus.links()]).toEqual([[], []]);
    expect(b.log.lines).toContain('warn no link of the bus: a refuses: it was removed');
    // However often it comes.
    expect(a.log.lines.filter((line) => line.includes('refused'))).toHaveLength(1);
  });
});

describe('the memory of a conversation', () => {
  test('that the other side has lost makes calls that may have run a Timeout, not run them again', async () => {
    const rig = new BusRig();
    const a = await rig.start('a');
    const b = await rig.start('b', { limits: { maxConversations: 1 } });
    let ran = 0;
    b.bus.serve('test/count', () => {
      ran++;
      return never();
    });
    await rig.clock.run(1_000);
    const called = outcome(a.bus.call(b.self, 'test/count', {}, { timeoutMs: 60_000 }));
    await rig.clock.run(100);
    expect(ran).toBe(1);
    rig.network.cut(a.address, b.address);
    await rig.clock.run(12_000);
    // A third member makes b forget a, and goes.
    const c = await rig.start('c');
    await rig.clock.run(3_000);
    c.host.kill();
    await rig.clock.run(100);
    rig.network.heal(a.address, b.address);
    await rig.clock.run(6_000);
    expect(called.error).toBeInstanceOf(Timeout);
    expect(called.error?.message).toBe('b no longer knows whether test/count has run');
    expect(ran).toBe(1);
  });
});
