import { describe, expect, test } from 'vitest';
import { SeededRandom, VirtualClock } from '#io/sim';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { NatPinger, type NatPingSettings } from '../../../src/sip/proxy/nat-pinger.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import type { LocationChange } from '../../../src/sip/registrar/location-service.ts';
import { BranchCodec } from '../../../src/sip/transaction/branch.ts';
import { ShortMac } from '../../../src/sip/transaction/short-mac.ts';

const binding = (changes: Partial<Binding> = {}, flow: Partial<NonNullable<Binding['flow']>> = {}): Binding => ({
  uri: 'sip:bob@10.0.0.8:5060',
  params: '',
  q: 1000,
  expiresAtS: Number.MAX_SAFE_INTEGER,
  grantedS: 3600,
  keptUntilS: Number.MAX_SAFE_INTEGER,
  callId: 'r',
  cseq: 1,
  instance: '',
  regId: 0,
  path: [],
  flow: { member: 'one', transport: 'udp', address: '203.0.113.9', port: 4000, socketId: 1, connectionId: 0, ...flow },
  isBehindNat: true,
  userAgent: '',
  ...changes,
});

function pinger(settings: NatPingSettings, before: Record<string, Binding[]> = {}) {
  const clock = new VirtualClock();
  const bindings = new Map(Object.entries(before));
  const sent: { readonly atMs: number; readonly to: string; readonly bytes: Buffer }[] = [];
  let listener: ((change: LocationChange) => void) | undefined;
  const made = new NatPinger({
    clock,
    random: new SeededRandom(3),
    location: {
      aors: () => bindings.keys(),
      lookup: (aor) => bindings.get(aor) ?? [],
      onChange: (added) => {
        listener = added;
        return () => {
          listener = undefined;
        };
      },
    },
    transport: {
      viaFor: () => ({ sentBy: '192.0.2.1:5060', transport: 'UDP' }),
      send: (bytes, { address, port }) => sent.push({ atMs: clock.nowMs(), to: `${address}:${port}`, bytes }),
    },
    branches: new BranchCodec('m1', new ShortMac(Buffer.alloc(8, 1))),
    member: 'one',
    settings,
  });
  const change = (aor: string, after: Binding[]): void => {
    bindings.set(aor, after);
    listener?.({ aor, before: [], after });
  };
  made.start();
  return { clock, sent, change, made };
}

describe('telephones behind a NAT', () => {
  test('are asked for their options once a period, on their flow', () => {
    const { clock, sent } = pinger({ method: 'options', periodS: 25 }, { 'bob@example.org': [binding()] });
    clock.advance(75_000);
    expect(sent.map(({ to }) => to)).toEqual(['203.0.113.9:4000', '203.0.113.9:4000', '203.0.113.9:4000']);
    expect(sent[1]!.atMs - sent[0]!.atMs).toBe(25_000);
    const message = decodeMessage(Buffer.from(sent[0]!.bytes));
    expect(message).toBeInstanceOf(SipMessage);
    if (!(message instanceof SipMessage)) return;
    expect([message.method, message.requestUriText()]).toEqual(['OPTIONS', 'sip:bob@10.0.0.8:5060']);
    expect(message.topVia()?.rport).toBe(0);
  });

  test('get four bytes where the settings say so, or nothing', () => {
    const few = pinger({ method: 'crlf', periodS: 10 }, { 'bob@example.org': [binding()] });
    few.clock.advance(10_000);
    expect(few.sent.map(({ bytes }) => bytes.toString())).toEqual(['\r\n\r\n']);
    const none = pinger({ method: 'none', periodS: 10 }, { 'bob@example.org': [binding()] });
    none.clock.advance(60_000);
    expect(none.sent).toEqual([]);
  });

  test('are those with a flow of this member, by UDP, and without a proxy in between', () => {
    const { clock, sent } = pinger(
      { method: 'options', periodS: 5 },
      {
        'a@x': [binding({ isBehindNat: false })],
        'b@x': [binding({}, { member: 'two' })],
        'c@x': [binding({}, { transport: 'tcp', connectionId: 4 })],
        'd@x': [binding({ path: ['<sip:198.51.100.1;lr>'] })],
        'e@x': [binding({}, { address: '203.0.113.77' })],
      },
    );
    clock.advance(5_000);
    expect(sent.map(({ to }) => to)).toEqual(['203.0.113.77:4000']);
  });

  test('are found when they register and let go when they are gone', () => {
    const { clock, sent, change, made } = pinger({ method: 'options', periodS: 5 });
    clock.advance(10_000);
    change('bob@example.org', [binding()]);
    clock.advance(5_000);
    expect(sent).toHaveLength(1);
    change('bob@example.org', []);
    clock.advance(20_000);
    expect(sent).toHaveLength(1);
    expect(made.count).toBe(1);
    made.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
