import { beforeEach, describe, expect, test } from 'vitest';
import type { KernelChannel, KernelPath, KernelRelay } from '../../../src/media/relay/kernel-relay.ts';
import { control, rtp } from '../rtp/packets.ts';
import { callPlan, known, RelayWorld, sidePlan, streamPlan, type Phone } from './relay-world.ts';

const toA = { address: '192.0.2.1', port: 30_000 };
const toB = { address: '192.0.2.1', port: 40_000 };
const next = ({ address, port }: { address: string; port: number }): { address: string; port: number } => ({
  address,
  port: port + 1,
});

let world: RelayWorld;
let a: Phone;
let b: Phone;

beforeEach(async () => {
  world = new RelayWorld();
  a = await world.phone('198.51.100.1', 4000);
  b = await world.phone('203.0.113.1', 5000);
});

const plan = (): ReturnType<typeof callPlan> =>
  callPlan(streamPlan(sidePlan(toA.port, a.at), sidePlan(toB.port, b.at)));

describe('a call between two parties', () => {
  test('is forwarded both ways, from the ports that each of them knows', async () => {
    await world.open(plan());
    a.send(rtp({ sequence: 1 }), toA);
    b.send(rtp({ sequence: 9 }), toB);
    await world.pass();
    expect(b.heard).toEqual([{ bytes: rtp({ sequence: 1 }), from: toB }]);
    expect(a.heard).toEqual([{ bytes: rtp({ sequence: 9 }), from: toA }]);
  });

  test('has its RTCP on the next ports', async () => {
    const [aControl, bControl] = [await world.phone('198.51.100.1', 4001), await world.phone('203.0.113.1', 5001)];
    await world.open(plan());
    aControl.send(control(), next(toA));
    await world.pass();
    expect(bControl.heard).toEqual([{ bytes: control(), from: next(toB) }]);
    expect(b.heard).toEqual([]);
  });

  test('or on the same ones (RFC 5761)', async () => {
    const session = await world.open(plan());
    a.send(control(), toA);
    await world.pass();
    expect(b.heard).toHaveLength(1);
    expect(session.counters()[0]?.a).toMatchObject({ packets: 0, controlPackets: 1 });
  });

  test('is counted, with what is lost and what was dropped', async () => {
    const session = await world.open(plan());
    for (const sequence of [1, 2, 4]) a.send(rtp({ sequence }), toA);
    a.send(Buffer.from('no media'), toA);
    const intruder = await world.phone('203.0.113.66', 5000);
    intruder.send(rtp({ sequence: 3 }), toA);
    await world.pass();
    expect(session.counters()[0]).toMatchObject({
      a: { packets: 3, octets: 3 * 172, lostPackets: 1, droppedPackets: 2, source: a.at },
      b: { packets: 0, source: undefined },
      isInKernel: false,
    });
    expect(b.heard).toHaveLength(3);
    expect(world.relay.figures()).toMatchObject({ sessions: 1, streams: 1, packets: 3, droppedPackets: 2 });
    session.close();
    expect(world.relay.figures()).toMatchObject({ sessions: 0, streams: 0, packets: 3, octets: 516 });
  });

  test('finds a party behind a NAT by its packets, and answers there', async () => {
    const mapped = await world.phone('198.51.100.200', 61_000);
    const learn = known('10.0.0.5', mapped.at.address);
    const side = sidePlan(toA.port, { address: '10.0.0.5', port: 4000 }, { learn });
    await world.open(callPlan(streamPlan(side, sidePlan(toB.port, b.at))));
    b.send(rtp({ sequence: 1 }), toB);
    mapped.send(rtp({ sequence: 1 }), toA);
    await world.pass();
    b.send(rtp({ sequence: 2 }), toB);
    await world.pass();
    expect(mapped.heard).toEqual([{ bytes: rtp({ sequence: 2 }), from: toA }]);
  });

  test('does not believe RTCP from anywhere but the address of the RTP, where the party may be anywhere', async () => {
    const learn = { addresses: [], isAnySourceAccepted: true };
    const [mapped, mappedControl] = [await world.phone('198.51.100.9', 700), await world.phone('198.51.100.9', 701)];
    const intruder = await world.phone('203.0.113.66', 9);
    const session = await world.open(
      callPlan(streamPlan(sidePlan(toA.port, undefined, { learn }), sidePlan(toB.port, b.at))),
    );
    for (const sequence of [1, 2]) mapped.send(rtp({ sequence }), toA);
    await world.pass();
    for (let i = 0; i < 3; i++) intruder.send(control(), next(toA));
    await world.pass();
    expect(session.counters()[0]?.a).toMatchObject({ controlPackets: 0, source: mapped.at });
    for (let i = 0; i < 2; i++) mappedControl.send(control(), next(toA));
    await world.pass();
    expect(session.counters()[0]?.a.controlPackets).toBe(1);
  });

  test('sends nothing to a party on hold, and hears it', async () => {
    const session = await world.open(plan());
    a.send(rtp({ sequence: 1 }), toA);
    await world.pass();
    session.update(callPlan(streamPlan(sidePlan(toA.port, a.at, { isDeaf: true }), sidePlan(toB.port, b.at))));
    b.send(rtp(), toB);
    a.send(rtp({ sequence: 2 }), toA);
    await world.pass();
    expect(a.heard).toEqual([]);
    expect(b.heard).toHaveLength(2);
    session.update(plan());
    b.send(rtp(), toB);
    await world.pass();
    expect(a.heard).toHaveLength(1);
  });

  test('may be of anything but RTP', async () => {
    await world.open(callPlan(streamPlan(sidePlan(toA.port, a.at), sidePlan(toB.port, b.at), { kind: 'udp' })));
    a.send(Buffer.from('T.38'), toA);
    await world.pass();
    expect(b.heard.map(({ bytes }) => bytes.toString())).toEqual(['T.38']);
  });

  test('may have one party on IPv4 and one on IPv6', async () => {
    const six = await world.phone('2001:db8::66', 5000);
    const side = sidePlan(toB.port, six.at, { local: { address: '2001:db8::1', port: toB.port } });
    await world.open(callPlan(streamPlan(sidePlan(toA.port, a.at), side)));
    a.send(rtp(), toA);
    six.send(rtp(), { address: '2001:db8::1', port: toB.port });
    await world.pass();
    expect([a.heard.length, six.heard.length]).toEqual([1, 1]);
  });
});

describe('an update', () => {
  test('adds streams, ends streams, and keeps those that stay', async () => {
    const session = await world.open(plan());
    a.send(rtp({ sequence: 1 }), toA);
    await world.pass();
    const first = plan().streams[0];
    const second = streamPlan(sidePlan(30_002, { ...a.at, port: 4002 }), sidePlan(40_002, { ...b.at, port: 5002 }));
    expect(session.update(callPlan(first, second))).toBeUndefined();
    expect(session.counters().map((one) => one?.a.packets)).toEqual([1, 0]);
    session.update(callPlan(first, undefined));
    await world.pass();
    await expect(world.machine.bind({ host: '192.0.2.1', port: 30_002 })).resolves.toBeDefined();
  });

  test('that ends a stream keeps what was counted of it, also when its line begins anew', async () => {
    const session = await world.open(plan());
    a.send(rtp({ sequence: 1 }), toA);
    await world.pass();
    session.update(callPlan(undefined));
    expect(session.counters()[0]?.a.packets).toBe(1);
    session.update(plan());
    await world.pass();
    a.send(rtp({ sequence: 2 }), toA);
    await world.pass();
    expect(session.counters()[0]?.a.packets).toBe(2);
    session.close();
    expect(session.counters().map((one) => one?.a.packets)).toEqual([2]);
    expect(world.relay.figures().packets).toBe(2);
  });

  test('follows a party that has moved', async () => {
    const session = await world.open(plan());
    a.send(rtp({ sequence: 1 }), toA);
    await world.pass(10_000);
    const other = await world.phone('198.51.100.50', 4444);
    session.update(callPlan(streamPlan(sidePlan(toA.port, other.at), sidePlan(toB.port, b.at))));
    b.send(rtp(), toB);
    other.send(rtp({ sequence: 2 }), toA);
    a.send(rtp({ sequence: 3 }), toA);
    await world.pass();
    a.send(rtp({ sequence: 4 }), toA);
    await world.pass();
    expect(other.heard).toHaveLength(1);
    expect(session.counters()[0]?.a.source).toEqual(other.at);
    expect(b.heard.map(({ bytes }) => bytes.readUInt16BE(2))).not.toContain(4);
  });
});

describe('the end', () => {
  test('is told when nothing has come from either party for long, and again after as long', async () => {
    await world.open(plan());
    await world.pass(30_000);
    a.send(rtp(), toA);
    await world.pass(59_000);
    expect(world.events).toEqual([]);
    await world.pass(2_000);
    expect(world.events).toHaveLength(1);
    await world.pass(60_500);
    expect(world.events).toHaveLength(2);
  });

  test('is not put off by what is not the party’s', async () => {
    await world.open(plan());
    const intruder = await world.phone('203.0.113.66', 5000);
    for (let i = 0; i < 7; i++) {
      intruder.send(rtp(), toA);
      await world.pass(10_000);
    }
    expect(world.events).toHaveLength(1);
  });

  test('frees the ports', async () => {
    const session = await world.open(plan());
    session.close();
    session.close();
    await world.pass();
    for (const port of [30_000, 30_001, 40_000, 40_001]) await world.machine.bind({ host: '192.0.2.1', port });
    expect(session.update(plan())).toMatchObject({ kind: 'refused' });
  });

  test('comes by itself where a port cannot be had after all', async () => {
    await world.machine.bind({ host: '192.0.2.1', port: 40_001 });
    await world.open(plan());
    await world.pass();
    expect(world.events.join()).toContain('192.0.2.1:40001');
  });
});

/** A kernel that takes everything. */
class EagerKernel implements KernelRelay {
  problem: string | undefined;
  readonly paths: (KernelPath & { a: { packets: number }; end: () => void; isRemoved: boolean })[] = [];
  /** What it finds of side `a` when it counts for the last time. */
  lastPackets: number | undefined;

  install(channel: KernelChannel, ended: (path: KernelPath) => void): KernelPath {
    const count = (): KernelPath['a'] => ({ packets: 0, octets: 0, lastHeardMs: 0, quietSinceMs: undefined });
    const path = {
      channel,
      isInstalled: true,
      isRemoved: false,
      a: count(),
      b: count(),
      remove: () => {
        path.isRemoved = true;
        Object.assign(path.a, this.lastPackets === undefined ? {} : { packets: this.lastPackets });
      },
      end: () => ended(path),
    };
    this.paths.push(path);
    return path;
  }

  stop(): void {
    this.paths.length = 0;
  }
}

describe('the kernel', () => {
  let kernel: EagerKernel;

  beforeEach(async () => {
    kernel = new EagerKernel();
    world = new RelayWorld(kernel);
    a = await world.phone('198.51.100.1', 4000);
    b = await world.phone('203.0.113.1', 5000);
  });

  const speak = async (): Promise<void> => {
    a.send(rtp({ sequence: 1 }), toA);
    b.send(rtp({ sequence: 1 }), toB);
    await world.pass(300);
  };

  test('gets a channel when both parties have been found, and its counts are ours', async () => {
    const session = await world.open(plan());
    a.send(rtp(), toA);
    await world.pass(1000);
    expect(kernel.paths).toEqual([]);
    await speak();
    expect(kernel.paths.map(({ channel }) => channel)).toEqual([
      { a: { remote: a.at, local: toA }, b: { remote: b.at, local: toB } },
    ]);
    Object.assign(kernel.paths[0]!.a, { packets: 10, octets: 1720 });
    expect(session.counters()[0]).toMatchObject({ isInKernel: true, a: { packets: 12, octets: 12 * 172 } });
    expect(world.relay.figures()).toMatchObject({ kernelStreams: 1, packets: 13 });
    kernel.lastPackets = 15;
    session.close();
    expect(kernel.paths[0]!.isRemoved).toBe(true);
    expect(session.counters()[0]).toMatchObject({ isInKernel: true, a: { packets: 17 } });
    expect(world.relay.figures()).toMatchObject({ kernelStreams: 0, packets: 18 });
  });

  test('gives it back for hold and for a party that moves, and gets it again', async () => {
    const session = await world.open(plan());
    await speak();
    session.update(callPlan(streamPlan(sidePlan(toA.port, a.at, { isDeaf: true }), sidePlan(toB.port, b.at))));
    expect(kernel.paths[0]!.isRemoved).toBe(true);
    await world.pass(1000);
    expect(kernel.paths).toHaveLength(1);
    session.update(plan());
    await world.pass(300);
    expect(kernel.paths).toHaveLength(2);
    const other = await world.phone('198.51.100.50', 4444);
    session.update(callPlan(streamPlan(sidePlan(toA.port, other.at), sidePlan(toB.port, b.at))));
    expect(kernel.paths[1]!.isRemoved).toBe(true);
    other.send(rtp(), toA);
    await world.pass(300);
    expect(kernel.paths[2]?.channel.a.remote).toEqual(other.at);
  });

  test('is not asked again for a while after it lost a channel', async () => {
    const session = await world.open(plan());
    await speak();
    kernel.paths[0]!.end();
    expect(session.counters()[0]?.isInKernel).toBe(false);
    await speak();
    expect(kernel.paths).toHaveLength(1);
    await world.pass(30_000);
    expect(kernel.paths).toHaveLength(2);
  });

  test('hears a party, so that nobody takes its place meanwhile; when it hears nothing the same stream may come from another port', async () => {
    const learn = known('10.0.0.5', a.at.address);
    const side = sidePlan(toA.port, { address: '10.0.0.5', port: 4000 }, { learn });
    const session = await world.open(callPlan(streamPlan(side, sidePlan(toB.port, b.at))));
    await speak();
    const neighbour = await world.phone(a.at.address, 6000);
    for (const sequence of [1, 2, 3]) {
      neighbour.send(rtp({ sequence, source: 99 }), toA);
      await world.pass(800);
    }
    await world.pass(10_000);
    neighbour.send(rtp({ sequence: 2 }), toA);
    await world.pass();
    expect(session.counters()[0]?.a).toMatchObject({ source: a.at, droppedPackets: 4 });
    Object.assign(kernel.paths[0]!.a, { quietSinceMs: world.clock.nowMs() - 2_000 });
    neighbour.send(rtp({ sequence: 3 }), toA);
    await world.pass();
    expect(session.counters()[0]?.a.source).toEqual(neighbour.at);
    expect(kernel.paths[0]!.isRemoved).toBe(true);
  });

  test('keeps a call from being idle as long as it forwards', async () => {
    await world.open(plan());
    await speak();
    for (let i = 0; i < 8; i++) {
      await world.pass(10_000);
      Object.assign(kernel.paths[0]!.a, { lastHeardMs: world.clock.nowMs() });
    }
    expect(world.events).toEqual([]);
    await world.pass(61_000);
    expect(world.events).toHaveLength(1);
  });
});
