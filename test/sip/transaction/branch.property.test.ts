import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowTokens } from '../../../src/sip/proxy/flow-token.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import type { Via } from '../../../src/sip/message/via.ts';
import { BranchCodec } from '../../../src/sip/transaction/branch.ts';
import { hex8, parseHex8 } from '../../../src/sip/message/hex8.ts';
import { ShortMac } from '../../../src/sip/transaction/short-mac.ts';
import { transportNames } from '../../../src/sip/transport/transport-name.ts';
import { messageOf, requestText } from './wire.ts';

const key = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const mac = new ShortMac(key);
const codec = new BranchCodec('m1', mac);
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const half = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const parts = fc.record({ high: half, low: half, loopHash: word });

function request(changes: Parameters<typeof requestText>[1] = {}, method = 'INVITE'): readonly [SipMessage, Via] {
  const message = messageOf(requestText(method, changes));
  return [message, message.topVia()!];
}

describe('a branch of ours', () => {
  test('comes back as what it was made of, at any member of the farm', () => {
    const other = new BranchCodec('other9', new ShortMac(key));
    fc.assert(
      fc.property(parts, ({ high, low, loopHash }) => {
        const branch = codec.encode(high, low, loopHash);
        expect(branch).toMatch(/^z9hG4bKhf\.[0-9a-f]{16}\.[0-9a-f]{8}\.[0-9a-f]{8}$/);
        expect(codec.decode(branch)).toEqual({ high, low, loopHash });
        expect(other.decode(branch)).toEqual({ high, low, loopHash });
        expect(other.decodeAt(Buffer.from(`;${branch};`, 'latin1'), 1, branch.length + 1)).toEqual({
          high,
          low,
          loopHash,
        });
        expect(other.viaParams(branch)).toBe(`branch=${branch};hf=other9`);
        expect(other.encode(high, low, loopHash)).toBe(branch);
      }),
    );
  });

  test('is nobody’s when any character of it is another one', () => {
    const branch = codec.encode(12_345, 67_890, 0xdead_beef);
    fc.assert(
      fc.property(
        fc.nat(branch.length - 1),
        fc.constantFrom(...Array.from('0123456789abcdefzG.-~')),
        (at, character) => {
          const changed = branch.slice(0, at) + character + branch.slice(at + 1);
          fc.pre(changed !== branch);
          expect(codec.decode(changed)).toBeUndefined();
          expect(codec.decodeAt(Buffer.from(changed, 'latin1'), 0, changed.length)).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('is not made with another key', () => {
    const stranger = new BranchCodec('m1', new ShortMac(Buffer.alloc(16, 7)));
    fc.assert(
      fc.property(parts, ({ high, low }) => {
        expect(codec.decode(stranger.encode(high, low, 1))).toBeUndefined();
      }),
    );
  });

  test('is the same for the same request, whoever makes it, and for its CANCEL and ACK', () => {
    const other = new BranchCodec('m2', new ShortMac(key));
    const of = (by: BranchCodec, [message, via]: readonly [SipMessage, Via], target = 't', attempt = 0): string => {
      const seed = by.seedOf(message, via, 5);
      return by.encodeFor(seed, by.idOf(seed, target, attempt));
    };
    const branch = of(codec, request());
    for (const method of ['INVITE', 'CANCEL', 'ACK']) expect(of(other, request({}, method))).toBe(branch);
    expect(codec.decode(branch)).toMatchObject({ loopHash: 5 });
    const others = [
      of(codec, request({ branch: 'z9hG4bKtest2' })),
      of(codec, request({ sentBy: '192.0.2.8:5060' })),
      of(codec, request({ sentBy: '192.0.2.7:5061' })),
      of(codec, request({ callId: 'call-2' })),
      of(codec, request({ cseq: 2 })),
      of(codec, request(), 'u'),
      of(codec, request(), 't', 1),
    ];
    expect(new Set([branch, ...others]).size).toBe(others.length + 1);
  });

  test('of a request without a branch is made of what else there is', () => {
    const of = (changes: Parameters<typeof requestText>[1]): string => {
      const [message, via] = request({ branch: '', ...changes });
      const seed = codec.seedOf(message, via, 5);
      return codec.encodeFor(seed, codec.idOf(seed, '', 0));
    };
    expect(of({})).toBe(of({}));
    expect(of({ uri: 'sip:carol@example.org' })).not.toBe(of({}));
  });

  test('of our own text is the same each time, and another for another text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, two) => {
        const branch = codec.encodeText(one);
        expect(codec.encodeText(one)).toBe(branch);
        expect(codec.decode(branch)).toMatchObject({ loopHash: 0 });
        if (one !== two) expect(codec.encodeText(two)).not.toBe(branch);
      }),
    );
  });

  test('is never found in text that is none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(codec.decode(text)).toBeUndefined();
        expect(codec.decode(`z9hG4bKhf${text}`)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  test('needs a member token that can stand in one', () => {
    for (const member of ['', 'M1', 'a.b', 'x'.repeat(17)]) {
      expect(() => new BranchCodec(member, mac)).toThrow(/member token/);
    }
  });
});

describe('a flow token', () => {
  const tokens = new FlowTokens('m1', mac);
  const flow = fc.record({
    transport: fc.constantFrom(...transportNames),
    address: fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::1', 'fe80::1')),
    port: fc.integer({ min: 1, max: 65_535 }),
    socketId: fc.nat(100),
    connectionId: fc.nat(1_000_000),
  });

  test('says the flow that it was written for, to any member, for the same call only', () => {
    fc.assert(
      fc.property(flow, fc.string(), fc.string(), (target, callId, otherCall) => {
        const text = tokens.write(callId, target);
        expect(text).toMatch(/^[0-9a-z.-]+$/);
        const { connectionId, ...rest } = target;
        const flowHere = connectionId === 0 ? rest : target;
        const read = (member: string, of: string) => new FlowTokens(member, new ShortMac(key)).read(of, callId);
        expect(read('m1', text)).toEqual({ member: 'm1', flow: flowHere, hosts: '', first: '' });
        expect(read('m2', text)).toEqual({ member: 'm1', flow: { ...flowHere, member: 'm1' }, hosts: '', first: '' });
        const ofOther = tokens.write(callId, { ...target, member: 'm3' });
        expect(ofOther).toMatch(/^[0-9a-z.-]+$/);
        expect(read('m2', ofOther)).toEqual({
          member: 'm1',
          flow: { ...flowHere, member: 'm3' },
          hosts: '',
          first: '',
        });
        expect(read('m3', ofOther)).toEqual({ member: 'm1', flow: flowHere, hosts: '', first: '' });
        if (otherCall !== callId) expect(tokens.read(text, otherCall)).toBeUndefined();
      }),
    );
  });

  test('without a flow is one, too', () => {
    expect(tokens.read(tokens.write('c', undefined), 'c')).toEqual({
      member: 'm1',
      flow: undefined,
      hosts: '',
      first: '',
    });
  });

  test('knows the ACK for the 2xx of the INVITE that it was written for', () => {
    const flow = { transport: 'udp', address: '192.0.2.1', port: 5060, socketId: 1, member: 'm3' } as const;
    const first = tokens.firstMark('tag', 1);
    for (const way of [undefined, flow]) {
      const read = tokens.read(tokens.write('c', way, new Set(['192.0.2.7']), first), 'c');
      expect(read).toMatchObject({ flow: way, first });
    }
    expect(new Set([first, tokens.firstMark('tag', 2), tokens.firstMark('other', 1)]).size).toBe(3);
  });

  test('names the hosts that it was written for, and no others', () => {
    const text = tokens.write('c', undefined, new Set(['192.0.2.7', 'pbx.Example.net']));
    const { hosts } = tokens.read(text, 'c')!;
    expect(hosts).toHaveLength(16);
    const asked = ['192.0.2.7', 'PBX.example.net', '192.0.2.8', '', 'example.net'];
    expect(asked.map((host) => tokens.leadsTo(hosts, host))).toEqual([true, true, false, false, false]);
  });

  test('is never read from text that is none, or that was changed', () => {
    const text = tokens.write('c', { transport: 'udp', address: '192.0.2.1', port: 5060, socketId: 1 });
    fc.assert(
      fc.property(
        fc.string(),
        fc.nat(text.length - 1),
        fc.constantFrom(...Array.from('0123456789abcdefz.-')),
        (noise, at, one) => {
          expect(tokens.read(noise, 'c')).toBeUndefined();
          const changed = text.slice(0, at) + one + text.slice(at + 1);
          if (changed !== text) expect(tokens.read(changed, 'c')).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the short MAC', () => {
  test('tells apart what is put together differently', () => {
    const of = (...texts: string[]): number => {
      mac.begin();
      for (const text of texts) mac.text(text);
      return mac.finish();
    };
    expect(of('ab', 'c')).not.toBe(of('a', 'bc'));
    expect(of('abc')).not.toBe(of('abc', ''));
    expect(of('a\0')).not.toBe(of('a'));
    expect(of('abc')).toBe(of('abc'));
  });

  test('spreads: half of the bits change with one bit of the input', () => {
    let changed = 0;
    for (let bit = 0; bit < 32; bit++) {
      const difference =
        mac.begin().number(0).finish() ^
        mac
          .begin()
          .number(1 << bit)
          .finish();
      changed += difference.toString(2).replaceAll(/[^1]/g, '').length;
    }
    expect(changed / 32).toBeGreaterThan(10);
  });

  test('is written as eight hex digits and read again', () => {
    fc.assert(
      fc.property(word, (value) => {
        expect(parseHex8(`x${hex8(value)}`, 1)).toBe(value);
      }),
    );
    expect(parseHex8('0123456', 0)).toBe(-1);
    expect(parseHex8('0123456G', 0)).toBe(-1);
    expect(parseHex8('0123456A', 0)).toBe(-1);
  });
});
