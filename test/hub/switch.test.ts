import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { everybody, frame, ipv4Frame, mac, TestHub } from './hub-fixture.ts';

const hex = (...frames: Buffer[]): string[] => frames.map((bytes) => bytes.toString('hex'));

describe('the switch', () => {
  it('floods to an unknown address, to all but the sender', () => {
    const test = new TestHub();
    const [a, b, c] = [test.attach('a'), test.attach('b'), test.attach('c')];
    const sent = frame(mac(2), mac(1));
    a.send(sent);
    expect([a.frames, b.frames, c.frames]).toEqual([[], hex(sent), hex(sent)]);
    expect(test.hub.floodedFrames).toBe(1);
  });

  it('sends to the one session behind which an address was seen', () => {
    const test = new TestHub();
    const [a, b, c] = [test.attach('a'), test.attach('b'), test.attach('c')];
    b.send(frame(everybody, mac(2)));
    a.takeFrames();
    c.takeFrames();
    const sent = [frame(mac(2), mac(1), 'one'), frame(mac(2), mac(1), 'two')];
    a.send(...sent);
    expect([a.frames, b.frames, c.frames]).toEqual([[], hex(...sent), []]);
  });

  it('drops a frame whose destination is behind the sender itself', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a'), test.attach('b')];
    a.send(frame(everybody, mac(1)), frame(everybody, mac(2)));
    b.takeFrames();
    a.send(frame(mac(2), mac(1)));
    expect(b.frames).toEqual([]);
  });

  it('floods broadcast and multicast even if the address was used as a source', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a'), test.attach('b')];
    const multicast = Buffer.from('0180c2000000', 'hex');
    a.send(frame(everybody, multicast));
    expect(test.macs()).toEqual([]);
    const sent = frame(multicast, mac(2));
    b.send(sent);
    expect(a.frames).toEqual(hex(sent));
  });

  it('follows an address that moves to another session', () => {
    const test = new TestHub();
    const [a, b, c] = [test.attach('a'), test.attach('b'), test.attach('c')];
    a.send(frame(everybody, mac(9)));
    b.send(frame(everybody, mac(9)));
    expect(test.macs()).toEqual(['b 020000000009']);
    for (const session of [a, b, c]) session.takeFrames();
    c.send(frame(mac(9), mac(3)));
    expect([a.frames.length, b.frames.length]).toEqual([0, 1]);
    // The first owner, whose last source it still was, gets it back within the same second.
    a.send(frame(everybody, mac(9)));
    expect(test.macs()).toEqual(['a 020000000009', 'c 020000000003']);
  });

  it('forgets the addresses of a session that leaves', () => {
    const test = new TestHub();
    const [a, b, c] = [test.attach('a'), test.attach('b'), test.attach('c')];
    a.send(ipv4Frame(everybody, mac(1), '10.0.0.1'));
    test.hub.detach(a.port);
    test.hub.detach(a.port);
    expect([test.macs(), test.ips()]).toEqual([[], []]);
    c.takeFrames();
    b.send(frame(mac(1), mac(2)));
    expect(c.frames).toHaveLength(1);
  });

  it('takes nothing from a session that has left, and flushes nothing to it', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a'), test.attach('b')];
    b.isStalled = true;
    a.send(frame(everybody, mac(1)));
    test.hub.detach(b.port);
    b.isStalled = false;
    b.send(frame(everybody, mac(2)));
    test.clock.advance(1);
    expect([a.frames, b.frames, test.macs()]).toEqual([[], [], ['a 020000000001']]);
  });

  it('copies every frame of the hub to a monitor session, and takes none from it (§6.2)', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a'), test.attach('b')];
    const monitor = test.attach('m', {}, 'client', { isMonitor: true });
    const flooded = frame(everybody, mac(2));
    const unicast = frame(mac(2), mac(1));
    b.send(flooded);
    a.send(unicast);
    expect(monitor.frames).toEqual(hex(flooded, unicast));
    a.takeFrames();
    monitor.send(frame(everybody, mac(7)));
    expect(a.frames).toEqual([]);
    expect(test.macs()).toEqual(['a 020000000001', 'b 020000000002']);
    expect(monitor.port.refusedFrames).toBe(1);
  });

  it('counts traffic as SoftEther does: of a session as its client sees it, of the hub as the hub does', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a'), test.attach('b')];
    const [unicast, group] = [frame(mac(2), mac(1), 'payload'), frame(everybody, mac(2), 'to all')];
    b.send(group);
    a.send(unicast, unicast);
    expect(a.port.traffic).toEqual({
      recvBroadcastBytes: group.length,
      recvBroadcastCount: 1,
      recvUnicastBytes: 0,
      recvUnicastCount: 0,
      sendBroadcastBytes: 0,
      sendBroadcastCount: 0,
      sendUnicastBytes: 2 * unicast.length,
      sendUnicastCount: 2,
    });
    test.hub.detach(b.port);
    expect(test.hub.traffic).toEqual({
      recvBroadcastBytes: group.length,
      recvBroadcastCount: 1,
      recvUnicastBytes: 2 * unicast.length,
      recvUnicastCount: 2,
      sendBroadcastBytes: group.length,
      sendBroadcastCount: 1,
      sendUnicastBytes: 2 * unicast.length,
      sendUnicastCount: 2,
    });
  });

  it('drops what comes for a session that takes nothing, and goes on with the others (drop-tail)', () => {
    const test = new TestHub({ outputQueueMaxBytes: 10_000 });
    const [a, b, c] = [test.attach('a'), test.attach('b'), test.attach('c')];
    b.send(frame(everybody, mac(2)));
    c.send(frame(everybody, mac(3)));
    b.isStalled = true;
    for (const session of [b, c]) session.takeFrames();
    const sent = Array.from({ length: 20 }, (_, i) => frame(mac(2), mac(1), `${i} `.padEnd(1000)));
    for (const one of sent) a.send(one, frame(mac(3), mac(1)));
    expect(b.port.output.pendingBytes).toBeLessThanOrEqual(10_000);
    b.isStalled = false;
    b.flush();
    expect(b.frames).toEqual(hex(...sent.slice(0, 9)));
    expect([b.port.droppedFrames, test.hub.droppedFrames, c.frames.length]).toEqual([11, 11, 20]);
    a.send(sent[0]!);
    expect(b.frames).toHaveLength(10);
  });

  it('relays between sessions with and without compression', () => {
    const test = new TestHub();
    const [plain, packed] = [
      test.attach('a'),
      test.attach('b', {}, 'client', { encode: (bytes) => deflateSync(bytes) }),
    ];
    const [there, back] = [frame(mac(2), mac(1), 'to be compressed '.repeat(40)), frame(mac(1), mac(2), 'back')];
    packed.send(back);
    plain.send(there, there);
    expect(plain.frames).toEqual(hex(back));
    expect(packed.frames.map((block) => inflateSync(Buffer.from(block, 'hex')).toString('hex'))).toEqual(
      hex(there, there),
    );
    expect(packed.frames[0]!.startsWith('789c')).toBe(true);
  });

  it('applies the ethertype filters of a policy before it learns anything', () => {
    const test = new TestHub();
    const b = test.attach('b');
    const v4 = ipv4Frame(everybody, mac(1), '10.0.0.1');
    const v6 = frame(everybody, mac(1), 'v6', 0x86dd);
    const arp = frame(everybody, mac(1), 'arp', 0x0806);
    const other = frame(everybody, mac(1), 'other');
    const all = [v4, v6, arp, other, v4];
    const cases = [
      [{ FilterIPv4: true }, [v6, other]],
      [{ FilterIPv6: true }, [v4, arp, other, v4]],
      [{ FilterNonIP: true }, [v4, v6, arp, v4]],
      [{ FilterIPv4: true, FilterIPv6: true, FilterNonIP: true }, []],
    ] as const;
    for (const [policy, passed] of cases) {
      const a = test.attach('a', policy);
      a.send(...all);
      expect(b.takeFrames()).toEqual(hex(...passed));
      expect(a.port.refusedFrames).toBe(all.length - passed.length);
      expect(test.macs().length).toBe(passed.length === 0 ? 0 : 1);
      test.hub.detach(a.port);
    }
  });
});

describe('a switch whose hub may live elsewhere by now', () => {
  it('asks once for each read, by the clock, and refuses the frames of one that comes after the deadline', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a'), test.attach('b')];
    const deadlineMs = test.clock.nowMs() + 1_000;
    let asked = 0;
    test.hub.mayForward = () => {
      asked++;
      return test.clock.nowMs() < deadlineMs;
    };
    a.send(frame(everybody, mac(1)), frame(everybody, mac(2)), frame(everybody, mac(3)));
    expect([asked, b.takeFrames().length]).toEqual([1, 3]);
    // As a process that was stopped, and finds frames before it comes to its timers.
    test.clock.advance(5_000);
    a.read(frame(everybody, mac(1)), frame(everybody, mac(2)));
    b.read(frame(everybody, mac(4)));
    test.clock.advance(0);
    expect([asked, a.takeFrames(), b.takeFrames()]).toEqual([3, [], []]);
    expect([a.port.refusedFrames, b.port.refusedFrames]).toEqual([2, 1]);
    test.hub.mayForward = undefined;
    a.send(frame(everybody, mac(1)));
    expect(b.takeFrames()).toHaveLength(1);
  });
});

describe('the MAC table (§10.2)', () => {
  it('forgets an address 600 s after its last use', () => {
    const test = new TestHub();
    const a = test.attach('a');
    a.send(frame(everybody, mac(1)), frame(everybody, mac(2)));
    test.clock.advance(300_000);
    a.send(frame(everybody, mac(2)));
    test.clock.advance(320_000);
    expect(test.macs()).toEqual(['a 020000000002']);
    test.clock.advance(300_000);
    expect(test.macs()).toEqual([]);
  });

  it('lets a session with NoBridge use three addresses, and drops frames from a fourth', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a', { NoBridge: true }), test.attach('b')];
    a.send(...[1, 2, 3, 4, 3].map((n) => frame(everybody, mac(n), String(n))));
    expect(b.frames).toHaveLength(4);
    expect(test.macs()).toEqual(['a 020000000001', 'a 020000000002', 'a 020000000003']);
    expect(a.port.refusedFrames).toBe(1);
  });

  it('lets a session with MaxMac use that many, but three at least', () => {
    const test = new TestHub();
    const a = test.attach('a', { MaxMac: 5 });
    const b = test.attach('b', { MaxMac: 1 });
    for (let n = 1; n < 10; n++) {
      a.send(frame(everybody, mac(n)));
      b.send(frame(everybody, mac(100 + n)));
    }
    expect(test.macs().filter((entry) => entry.startsWith('a'))).toHaveLength(5);
    expect(test.macs().filter((entry) => entry.startsWith('b'))).toHaveLength(3);
  });

  it('frees a place when an address of the session has aged', () => {
    const test = new TestHub();
    const a = test.attach('a', { NoBridge: true });
    a.send(...[1, 2, 3].map((n) => frame(everybody, mac(n))));
    test.clock.advance(605_000);
    a.send(frame(everybody, mac(4)));
    expect(test.macs()).toEqual(['a 020000000004']);
  });

  it('refuses with CheckMac an address that another session used within 13 s', () => {
    const test = new TestHub();
    const [a, b, c] = [test.attach('a'), test.attach('b', { CheckMac: true }), test.attach('c')];
    a.send(frame(everybody, mac(1)));
    test.clock.advance(12_000);
    c.takeFrames();
    b.send(frame(everybody, mac(1)));
    expect([test.macs(), c.frames]).toEqual([['a 020000000001'], []]);
    test.clock.advance(2_000);
    b.send(frame(everybody, mac(1)));
    expect([test.macs(), c.frames.length]).toEqual([['b 020000000001'], 1]);
  });

  it('refuses it to a local bridge always, so that a loop does not steal addresses', () => {
    const test = new TestHub();
    const [a, bridge] = [test.attach('a'), test.attach('SID-LOCALBRIDGE-1', {}, 'localBridge')];
    a.send(frame(everybody, mac(1)));
    bridge.send(frame(everybody, mac(1)));
    expect(test.macs()).toEqual(['a 020000000001']);
  });

  it('drops and counts frames from new addresses when it is full', () => {
    const test = new TestHub({ maxMacEntries: 4 });
    const [a, b] = [test.attach('a'), test.attach('b')];
    a.send(...[1, 2, 3, 4, 5, 6].map((n) => frame(everybody, mac(n))));
    expect(b.frames).toHaveLength(4);
    expect([test.hub.macEntryCount, test.hub.macTableFullFrames]).toEqual([4, 2]);
    test.clock.advance(605_000);
    a.send(frame(everybody, mac(5)));
    expect(test.macs()).toEqual(['a 020000000005']);
  });

  it('lists entries with their times and deletes one by its key', () => {
    const test = new TestHub();
    const a = test.attach('a');
    const startMs = test.clock.wallMs();
    test.clock.advance(5_000);
    a.send(frame(everybody, mac(1)));
    test.clock.advance(7_000);
    a.send(frame(everybody, mac(1)), frame(everybody, mac(2)));
    const rows = test.hub.macEntries();
    const first = rows.find(({ macAddress }) => macAddress.equals(mac(1)))!;
    expect(first).toMatchObject({
      sessionName: 'a',
      vlanId: 0,
      createdAtMs: startMs + 5_000,
      updatedAtMs: startMs + 12_000,
    });
    expect([test.hub.deleteMac(first.key), test.hub.deleteMac(first.key)]).toEqual([true, false]);
    expect(test.macs()).toEqual(['a 020000000002']);
    a.send(frame(everybody, mac(1)));
    expect(test.macs()).toHaveLength(2);
  });
});
