import { describe, expect, it } from 'vitest';
import { everybody, frame, ipv4Frame, mac, TestHub } from './hub-fixture.ts';

describe('the broadcast storm limiter (§10.4)', () => {
  it('lets ordinary broadcasts pass', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a', { NoBroadcastLimiter: false }), test.attach('b')];
    for (let n = 0; n < 100; n++) {
      a.send(frame(everybody, mac(1)));
      test.clock.advance(50);
    }
    expect(b.frames).toHaveLength(100);
  });

  it('thins out what one address keeps broadcasting too often, and recovers', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a', { NoBroadcastLimiter: false }), test.attach('b')];
    const storm = (seconds: number): number => {
      for (let ms = 0; ms < seconds * 1000; ms += 2) {
        a.send(frame(everybody, mac(1)));
        test.clock.advance(2);
      }
      return b.takeFrames().length;
    };
    expect(storm(10)).toBeLessThan(1_200);
    expect(storm(5)).toBe(0);
    expect(a.port.refusedFrames).toBeGreaterThan(6_000);
    test.clock.advance(120_000);
    for (let n = 0; n < 5; n++) {
      a.send(frame(everybody, mac(1)));
      test.clock.advance(1_000);
    }
    expect(b.takeFrames().length).toBeGreaterThan(2);
  });

  it('leaves other addresses of the session alone, and tells pairs of IP addresses apart', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a', { NoBroadcastLimiter: false }), test.attach('b')];
    let passed = 0;
    for (let ms = 0; ms < 10_000; ms += 5) {
      a.send(ipv4Frame(everybody, mac(1), '10.0.0.1'));
      if (ms % 200 === 0) {
        b.takeFrames();
        a.send(frame(everybody, mac(2)));
        a.send(ipv4Frame(everybody, mac(1), '10.0.0.2'));
        passed += b.takeFrames().length;
      }
      test.clock.advance(5);
    }
    expect(passed).toBe(100);
  });

  it('limits floods to unknown addresses too, but not frames to a known one', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a', { NoBroadcastLimiter: false }), test.attach('b')];
    b.send(frame(everybody, mac(2)));
    for (let ms = 0; ms < 10_000; ms += 2) {
      a.send(frame(mac(99), mac(1)));
      test.clock.advance(2);
    }
    expect(b.takeFrames().length).toBeLessThan(1_200);
    for (let ms = 0; ms < 1_000; ms += 2) {
      a.send(frame(mac(2), mac(1)));
      test.clock.advance(2);
    }
    expect(b.takeFrames()).toHaveLength(500);
  });

  it('is off with NoBroadcastLimiter', () => {
    const test = new TestHub();
    const [a, b] = [test.attach('a', { NoBroadcastLimiter: true }), test.attach('b')];
    for (let ms = 0; ms < 4_000; ms += 2) {
      a.send(frame(everybody, mac(1)));
      test.clock.advance(2);
    }
    expect(b.frames).toHaveLength(2_000);
  });
});
