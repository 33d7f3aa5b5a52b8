import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Latch, latchTimes, type LatchExpectation, type LatchPacket } from '../../../src/media/relay/latch.ts';
import { packetKind, type PacketKind } from '../../../src/media/rtp/packet-kind.ts';

interface Source {
  readonly address: string;
  readonly port: number;
}

const phone: Source = { address: '198.51.100.7', port: 61_000 };
/** The party's own SSRC; an attacker does not know it. */
const ownStream = 0x1234_5678;

const kinds: readonly PacketKind[] = Object.values(packetKind);

/** Anybody but the phone: another host, or another port of its address (somebody behind the same NAT). */
const stranger: fc.Arbitrary<LatchPacket> = fc.record({
  address: fc.constantFrom('203.0.113.66', phone.address, '10.0.0.5', '2001:db8::66'),
  port: fc.integer({ min: 1, max: 60_999 }),
  kind: fc.constantFrom(...kinds),
  source: fc.integer({ min: 0, max: 0xffff_ffff }).filter((one) => one !== ownStream),
  sequence: fc.nat(0xffff),
});

const expectations: fc.Arbitrary<LatchExpectation> = fc.record({
  remote: fc.constantFrom(phone, { address: '10.0.0.5', port: 61_000 }, undefined),
  learn: fc.record({
    addresses: fc.constantFrom([phone.address], ['10.0.0.5', phone.address]),
    isAnySourceAccepted: fc.boolean(),
  }),
  kind: fc.constantFrom('rtp', 'udp'),
});

/** The phone's packet, as the forwarder handles it: only what is not from the source is put to the latch. */
class Party {
  lastHeardMs = -Infinity;
  readonly latch: Latch;

  constructor(latch: Latch) {
    this.latch = latch;
  }

  speak(at: Source, sequence: number, nowMs: number): boolean {
    const isSource = this.latch.source?.address === at.address && this.latch.source.port === at.port;
    const packet = { kind: packetKind.rtp, source: ownStream, sequence, ...at };
    const isHeard = isSource || this.latch.accepts(packet, nowMs, this.lastHeardMs);
    if (isHeard) this.lastHeardMs = nowMs;
    return isHeard;
  }
}

function settledParty(expected: LatchExpectation): Party {
  const party = new Party(new Latch(expected));
  for (let i = 0; i * 20 <= latchTimes.settleMs; i++) party.speak(phone, i, i * 20);
  return party;
}

describe('whatever an attacker sends', () => {
  test('after the first seconds no packet of his is forwarded, and the stream stays the party’s', () => {
    fc.assert(
      fc.property(
        expectations,
        fc.array(fc.tuple(fc.nat(5000), stranger), { maxLength: 60 }),
        fc.boolean(),
        (expected, attack, isSilent) => {
          const party = settledParty(expected);
          expect(party.latch.source).toMatchObject(phone);
          let nowMs = latchTimes.settleMs;
          for (const [pauseMs, packet] of attack) {
            nowMs += pauseMs;
            // A party on hold says nothing; its place is not free for that.
            if (!isSilent) party.speak(phone, nowMs / 20, nowMs);
            expect(party.latch.accepts(packet, nowMs, party.lastHeardMs)).toBe(false);
            expect(party.latch.source).toMatchObject(phone);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('in the first seconds the party is heard from where its SDP says, however loud he is', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(100), stranger), { maxLength: 60 }),
        (isAnySourceAccepted, attack) => {
          const learn = { addresses: [phone.address], isAnySourceAccepted };
          const party = new Party(new Latch({ remote: phone, learn, kind: 'rtp' }));
          let nowMs = 0;
          for (const [pauseMs, packet] of attack) {
            nowMs += pauseMs;
            if (party.latch.accepts(packet, nowMs, party.lastHeardMs)) party.lastHeardMs = nowMs;
          }
          if (nowMs < latchTimes.settleMs) expect(party.speak(phone, 1, nowMs)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('a party that moves after an update is followed with its first packet, whatever was before', () => {
  fc.assert(
    fc.property(
      expectations,
      fc.array(fc.tuple(fc.nat(2000), stranger), { maxLength: 30 }),
      fc.record({ address: fc.constantFrom('192.0.2.1', '2001:db8::1', phone.address), port: fc.constant(62_000) }),
      (expected, noise, to) => {
        const party = settledParty(expected);
        let nowMs = latchTimes.settleMs;
        for (const [pauseMs, packet] of noise) party.latch.accepts(packet, (nowMs += pauseMs), party.lastHeardMs);
        party.latch.expect(
          { ...expected, remote: to, learn: { addresses: [to.address], isAnySourceAccepted: false } },
          nowMs,
        );
        expect(party.speak(phone, 900, nowMs + 5)).toBe(true);
        expect(party.speak(to, 901, nowMs + 20)).toBe(true);
        expect(party.latch.source).toEqual(to);
        expect(party.speak(phone, 902, nowMs + 25)).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
});
