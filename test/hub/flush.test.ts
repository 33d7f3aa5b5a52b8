import { describe, expect, it } from 'vitest';
import { everybody, frame, mac, TestHub, type TestSession } from './hub-fixture.ts';

/** a, b and c know each other, and nothing waits. */
function three(): { test: TestHub; a: TestSession; b: TestSession; c: TestSession } {
  const test = new TestHub();
  const [a, b, c] = [test.attach('a'), test.attach('b'), test.attach('c')];
  for (const [i, session] of [a, b, c].entries()) {
    session.send(frame(everybody, mac(i + 1)));
    test.clock.advance(1_000);
  }
  // For some turns of the loop the port of c counts as shared.
  for (let turn = 0; turn < 40; turn++) {
    a.send(frame(mac(2), mac(1)));
    test.clock.advance(1);
  }
  for (const session of [a, b, c]) {
    session.takeFrames();
    session.flushes = 0;
  }
  return { test, a, b, c };
}

describe('flushing', () => {
  it('happens at the end of the read callback when one source feeds the port, each time', () => {
    const { a, b } = three();
    a.read(frame(mac(2), mac(1)));
    expect(b.frames).toHaveLength(1);
    a.read(frame(mac(2), mac(1)), frame(mac(2), mac(1)));
    expect([b.frames.length, b.flushes]).toEqual([3, 2]);
  });

  it('waits for the last read callback of a turn where more are said to follow, but not with a full block', () => {
    const { a, b } = three();
    a.readAhead(frame(mac(2), mac(1)));
    a.readAhead(frame(mac(2), mac(1)));
    expect(b.frames).toHaveLength(0);
    a.read(frame(mac(2), mac(1)));
    expect([b.frames.length, b.flushes]).toEqual([3, 1]);
    for (let i = 0; i < 60; i++) a.readAhead(frame(mac(2), mac(1), 'x'.repeat(1_400)));
    expect(b.flushes).toBe(2);
    expect(b.frames.length).toBeGreaterThan(40);
  });

  it('happens at the end of the turn where the read callback that was to follow does not', () => {
    const { test, a, b } = three();
    a.readAhead(frame(mac(2), mac(1)));
    expect(b.frames).toHaveLength(0);
    test.clock.advance(0);
    expect([b.frames.length, b.flushes]).toEqual([1, 1]);
  });

  it('happens once a turn when several sources feed the port', () => {
    const { test, a, b, c } = three();
    for (let turn = 0; turn < 5; turn++) {
      for (let i = 0; i < 4; i++) {
        a.read(frame(mac(3), mac(1)));
        b.read(frame(mac(3), mac(2)));
      }
      test.clock.advance(1);
    }
    expect(c.frames).toHaveLength(40);
    // Only in the first turn, before the second source showed, is there one flush more.
    expect(c.flushes).toBe(6);
  });

  it('does not wait for the end of the turn when a large block is full, so that little is lost in a long turn', () => {
    const { test, a, b, c } = three();
    a.read(frame(mac(3), mac(1)));
    b.read(frame(mac(3), mac(2)));
    test.clock.advance(1);
    c.takeFrames();
    for (let i = 0; i < 1_000; i++) (i % 2 === 0 ? a : b).read(frame(mac(3), mac(1 + (i % 2)), 'x'.repeat(1_400)));
    expect(c.port.droppedFrames).toBe(0);
    expect(c.flushes).toBeLessThan(40);
    test.clock.advance(1);
    expect(c.frames).toHaveLength(1_000);
  });

  it('goes back to the end of the read callback when one source remains', () => {
    const { test, a, b, c } = three();
    a.read(frame(mac(3), mac(1)));
    b.read(frame(mac(3), mac(2)));
    test.clock.advance(1);
    for (let turn = 0; turn < 20; turn++) a.send(frame(mac(3), mac(1)));
    c.takeFrames();
    a.read(frame(mac(3), mac(1)));
    expect(c.frames).toHaveLength(1);
  });

  it('reaches the other sessions when one fails, and says which', () => {
    const test = new TestHub();
    const [a, b, c] = [test.attach('a'), test.attach('b'), test.attach('c')];
    b.flush = () => {
      throw new Error('broken');
    };
    expect(() => a.read(frame(everybody, mac(1)))).toThrow('session b failed to flush');
    expect(c.frames).toHaveLength(1);
    expect(() => a.read(frame(everybody, mac(1)))).toThrow('session b failed to flush');
    expect(c.frames).toHaveLength(2);
  });

  it('does not go round in circles within a turn when flushing feeds other ports', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a'), test.attach('b')];
    let hops = 0;
    const loop = (to: TestSession): void => {
      const flush = to.flush.bind(to);
      to.flush = () => {
        flush();
        hops++;
        to.read(frame(everybody, mac(hops)));
      };
    };
    loop(a);
    loop(b);
    a.read(frame(everybody, mac(1)));
    expect(hops).toBe(1);
    test.clock.advance(0.5);
    expect(hops).toBeGreaterThan(10);
  });

  it('happens at the end of the turn when nobody says that a read is over', () => {
    const { test, a, b } = three();
    const bytes = frame(mac(2), mac(1));
    const record = Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
    a.port.receive(record, 0, record.length, 1);
    expect(b.frames).toHaveLength(0);
    test.clock.advance(0);
    expect(b.frames).toHaveLength(1);
  });
});

describe('flooding to many sessions', () => {
  it('is immediate while there is little of it', () => {
    const test = new TestHub();
    const sessions = Array.from({ length: 50 }, (_, n) => test.attach(`s${n}`));
    sessions[0]!.send(frame(everybody, mac(1)));
    expect(sessions.slice(1).every(({ frames }) => frames.length === 1)).toBe(true);
  });

  it('is gathered when it would cause too many writes, and loses nothing', () => {
    const test = new TestHub({ floodWritesPerSecond: 1_000 });
    const sessions = Array.from({ length: 200 }, (_, n) => test.attach(`s${n}`));
    // 300 frames of ARP, ND and the like within a second: 59,700 copies.
    for (let n = 0; n < 300; n++) {
      sessions[n % 200]!.send(frame(everybody, mac(n % 200)));
      test.clock.advance(3);
    }
    test.clock.advance(200);
    const flushes = sessions.reduce((sum, session) => sum + session.flushes, 0);
    expect(sessions.reduce((sum, session) => sum + session.frames.length, 0)).toBe(300 * 199);
    expect(flushes).toBeLessThan(12_000);
  });

  it('holds a frame no longer than the limit', () => {
    const test = new TestHub({ floodWritesPerSecond: 10, floodHoldMaxMs: 20 });
    const sessions = Array.from({ length: 400 }, (_, n) => test.attach(`s${n}`));
    for (let n = 0; n < 3; n++) sessions[0]!.send(frame(everybody, mac(1)));
    expect(sessions[1]!.frames).toHaveLength(1);
    test.clock.advance(19);
    expect(sessions[1]!.frames).toHaveLength(1);
    test.clock.advance(1);
    expect(sessions[1]!.frames).toHaveLength(3);
  });

  it('goes along at once with a frame that is meant for the session', () => {
    const test = new TestHub({ floodWritesPerSecond: 10 });
    const sessions = Array.from({ length: 40 }, (_, n) => test.attach(`s${n}`));
    sessions[1]!.send(frame(everybody, mac(1)));
    sessions[0]!.send(frame(everybody, mac(0), 'held'));
    expect([sessions[1]!.frames.length, sessions[2]!.frames.length]).toEqual([0, 1]);
    sessions[0]!.send(frame(mac(1), mac(0), 'direct'));
    expect(sessions[1]!.frames).toHaveLength(2);
    expect(sessions[2]!.frames).toHaveLength(1);
    test.clock.advance(100);
    expect(sessions[1]!.flushes).toBe(1);
    expect(sessions[2]!.frames).toHaveLength(2);
  });

  it('goes out before its time when much has gathered', () => {
    const test = new TestHub({ floodWritesPerSecond: 1, floodHoldMaxBytes: 5_000 });
    const sessions = Array.from({ length: 10 }, (_, n) => test.attach(`s${n}`));
    for (let n = 0; n < 8; n++) sessions[0]!.send(frame(everybody, mac(0), 'x'.repeat(1_000)));
    expect(sessions[1]!.frames.length).toBeGreaterThan(5);
  });

  it('leaves no timer behind when the hub stops', () => {
    const test = new TestHub({ floodWritesPerSecond: 1 });
    const sessions = Array.from({ length: 10 }, (_, n) => test.attach(`s${n}`));
    const timers = test.clock.pendingTimers;
    for (let n = 0; n < 3; n++) sessions[0]!.send(frame(everybody, mac(0)));
    expect(test.clock.pendingTimers).toBe(timers + 1);
    test.hub.stop('hubOffline');
    expect(test.clock.pendingTimers).toBe(timers);
    expect(sessions.every(({ disconnectedFor }) => disconnectedFor === 'hubOffline')).toBe(true);
  });
});
