import { describe, expect, test } from 'vitest';
import { Latch, latchTimes, type LatchExpectation, type LatchPacket } from '../../../src/media/relay/latch.ts';
import { packetKind } from '../../../src/media/rtp/packet-kind.ts';

const phone = { address: '192.0.2.10', port: 4000 };
const mapped = { address: '198.51.100.7', port: 61_000 };
const attacker = { address: '203.0.113.66', port: 5 };

const expectation = (changes: Partial<LatchExpectation> = {}): LatchExpectation => ({
  remote: phone,
  learn: { addresses: [phone.address], isAnySourceAccepted: false },
  kind: 'rtp',
  ...changes,
});
const behindNat = expectation({
  remote: { address: '10.0.0.5', port: 4000 },
  learn: { addresses: ['10.0.0.5', mapped.address], isAnySourceAccepted: false },
});
const anywhere = expectation({ learn: { addresses: [], isAnySourceAccepted: true } });

const from = (at: { address: string; port: number }, changes: Partial<LatchPacket> = {}): LatchPacket => ({
  kind: packetKind.rtp,
  source: 7,
  sequence: 100,
  ...at,
  ...changes,
});

describe('the first valid packet', () => {
  test('from where the SDP says makes that the party’s source', () => {
    const latch = new Latch(expectation());
    expect([latch.source, latch.target]).toEqual([undefined, phone]);
    expect(latch.accepts(from(phone), 0, -Infinity)).toBe(true);
    expect(latch.source).toEqual(phone);
    expect(latch.hasSettled(0)).toBe(true);
  });

  test('from another port of a known address is believed: the party is behind a NAT', () => {
    const latch = new Latch(behindNat);
    expect(latch.accepts(from(mapped), 0, -Infinity)).toBe(true);
    expect(latch.target).toEqual(mapped);
  });

  test('from elsewhere is not', () => {
    const latch = new Latch(behindNat);
    expect(latch.accepts(from(attacker), 0, -Infinity)).toBe(false);
    expect(latch.source).toBeUndefined();
  });

  test('must be RTP or what shares its ports; of other streams anything', () => {
    const junk = from(phone, { kind: packetKind.other });
    expect(new Latch(expectation()).accepts(junk, 0, -Infinity)).toBe(false);
    expect(new Latch(expectation({ kind: 'udp' })).accepts(junk, 0, -Infinity)).toBe(true);
    expect(new Latch(expectation()).accepts(from(phone, { kind: packetKind.stun }), 0, -Infinity)).toBe(true);
  });

  test('from anywhere needs a second one in a row, where the party may be anywhere', () => {
    const latch = new Latch(anywhere);
    expect(latch.accepts(from(mapped, { sequence: 9 }), 0, -Infinity)).toBe(false);
    expect(latch.accepts(from(attacker, { sequence: 10 }), 1, -Infinity)).toBe(false);
    expect(latch.accepts(from(mapped, { sequence: 11 }), 20, -Infinity)).toBe(false);
    expect(latch.accepts(from(mapped, { sequence: 12 }), 40, -Infinity)).toBe(true);
    expect(latch.source).toEqual(mapped);
  });
});

describe('in the first seconds', () => {
  test('a better source takes the place of the first one', () => {
    const latch = new Latch(anywhere);
    latch.accepts(from(attacker, { sequence: 1 }), 0, -Infinity);
    latch.accepts(from(attacker, { sequence: 2 }), 20, -Infinity);
    expect(latch.source).toEqual(attacker);
    expect(latch.accepts(from(phone, { source: 8 }), 40, 20)).toBe(true);
    expect(latch.source).toEqual(phone);
    expect(latch.accepts(from(attacker, { sequence: 3 }), 60, 40)).toBe(false);
  });

  test('an equally good one waits until the first one is silent', () => {
    const latch = new Latch(behindNat);
    const other = { ...mapped, port: 61_002 };
    latch.accepts(from(mapped), 0, -Infinity);
    expect(latch.accepts(from(other, { source: 8 }), 100, 90)).toBe(false);
    expect(latch.accepts(from(other, { source: 8 }), 90 + latchTimes.yieldMs, 90)).toBe(true);
    expect(latch.source).toEqual(other);
  });

  test('the same stream from another port is followed at once', () => {
    const latch = new Latch(behindNat);
    latch.accepts(from(mapped), 0, -Infinity);
    expect(latch.accepts(from({ ...mapped, port: 61_002 }, { sequence: 101 }), 20, 0)).toBe(true);
  });
});

describe('after the first seconds', () => {
  const settled = (): Latch => {
    const latch = new Latch(behindNat);
    latch.accepts(from(mapped), 0, -Infinity);
    return latch;
  };
  const later = latchTimes.settleMs + 10_000;

  test('nobody else is heard, not even from a known address', () => {
    const latch = settled();
    expect(latch.hasSettled(later)).toBe(true);
    expect(latch.accepts(from({ ...mapped, port: 1 }, { source: 8 }), later, 0)).toBe(false);
    expect(latch.accepts(from({ address: '10.0.0.5', port: 4000 }), later, later - 20)).toBe(false);
    expect(latch.source).toEqual(mapped);
  });

  test('the same stream from another port of its address is followed when the old one is silent', () => {
    const latch = settled();
    const moved = { ...mapped, port: 61_002 };
    expect(latch.accepts(from(moved), later, later - latchTimes.moveMs + 1)).toBe(false);
    expect(latch.accepts(from({ ...moved, address: attacker.address }), later, 0)).toBe(false);
    expect(latch.accepts(from(moved), later, later - latchTimes.moveMs)).toBe(true);
    expect(latch.source).toEqual(moved);
  });

  test('… also when it has another SSRC by now', () => {
    const latch = settled();
    latch.speaksAs(55);
    expect(latch.accepts(from({ ...mapped, port: 2 }, { source: 7 }), later, 0)).toBe(false);
    expect(latch.accepts(from({ ...mapped, port: 2 }, { source: 55 }), later, 0)).toBe(true);
  });
});

describe('an update', () => {
  const elsewhere = { address: '192.0.2.99', port: 7000 };
  const moved = expectation({
    remote: elsewhere,
    learn: { addresses: [elsewhere.address], isAnySourceAccepted: false },
  });

  test('that says the same changes nothing', () => {
    const latch = new Latch(behindNat);
    latch.accepts(from(mapped), 0, -Infinity);
    latch.expect({ ...behindNat, learn: { ...behindNat.learn } }, 10_000);
    expect(latch.source).toEqual(mapped);
  });

  test('is followed: the old source is heard until the new one speaks', () => {
    const latch = new Latch(expectation());
    latch.accepts(from(phone), 0, -Infinity);
    latch.expect(moved, 10_000);
    expect([latch.source, latch.target]).toEqual([undefined, elsewhere]);
    expect(latch.accepts(from(phone, { sequence: 101 }), 10_020, 9_990)).toBe(true);
    expect(latch.accepts(from(attacker), 10_030, 10_020)).toBe(false);
    expect(latch.accepts(from(elsewhere), 10_040, 10_020)).toBe(true);
    expect(latch.source).toEqual(elsewhere);
    expect(latch.accepts(from(phone, { sequence: 102 }), 10_050, 10_040)).toBe(false);
  });

  test('that names the source as it is keeps it', () => {
    const latch = new Latch(behindNat);
    latch.accepts(from(mapped), 0, -Infinity);
    latch.expect(expectation({ remote: mapped }), 10_000);
    expect(latch.source).toEqual(mapped);
  });

  test('sends to a party behind a NAT where it was, until it speaks', () => {
    const latch = new Latch(behindNat);
    latch.accepts(from(mapped), 0, -Infinity);
    latch.expect({ ...behindNat, remote: { address: '10.0.0.5', port: 4002 } }, 10_000);
    expect(latch.target).toEqual(mapped);
    expect(latch.accepts(from({ ...mapped, port: 61_010 }, { source: 9 }), 10_020, 9_990)).toBe(true);
    expect(latch.target).toEqual({ ...mapped, port: 61_010 });
  });

  test('after which the party goes on as before finds it again', () => {
    const latch = new Latch(behindNat);
    latch.accepts(from(mapped), 0, -Infinity);
    latch.expect({ ...behindNat, remote: { address: '10.0.0.5', port: 4002 } }, 10_000);
    expect(latch.accepts(from(mapped), 10_020, 9_990)).toBe(true);
    expect(latch.source).toBeUndefined();
    expect(latch.accepts(from(mapped), 10_000 + latchTimes.yieldMs, 10_400)).toBe(true);
    expect(latch.source).toEqual(mapped);
  });
});
