import { VirtualClock } from '#io/sim';
import { describe, expect, test } from 'vitest';
import { ladders } from '../../../src/sip/trace/ladder.ts';
import { MessageTrace, traceLimits } from '../../../src/sip/trace/message-trace.ts';
import { bytesOf, decoded } from '../message/messages.ts';

const caller = 'udp 192.0.2.7:5060';
const callee = 'tcp [2001:db8::8]:5060';

function message(start: string, cseq: string, callId = 'call-1', ...more: string[]): Buffer {
  return bytesOf(
    start,
    'v: SIP/2.0/UDP a;branch=z9hG4bK1',
    'f: <sip:alice@example.org>;tag=1',
    't: <sip:bob@example.org>',
    `i: ${callId}`,
    `CSeq: ${cseq}`,
    ...more,
  );
}

const invite = message(
  'INVITE sip:bob@example.org SIP/2.0',
  '1 INVITE',
  'call-1',
  'c: application/sdp',
  'l: 1',
  '',
  'v',
);
const trying = message('SIP/2.0 100 Trying', '1 INVITE');
const ok = message('SIP/2.0 200 OK', '1 INVITE');

describe('a trace', () => {
  test('keeps nothing while nobody looks', () => {
    const trace = new MessageTrace(new VirtualClock());
    trace.sent(trying, caller);
    trace.received(decoded(invite), caller);
    expect(trace.isLooking).toBe(false);
    expect(trace.result()).toBeUndefined();
  });

  test('has every message of the calls in which one matches, also those before', () => {
    const clock = new VirtualClock();
    const trace = new MessageTrace(clock);
    trace.start({ match: 'application/SDP', durationMs: 1000 });
    trace.received(decoded(message('OPTIONS sip:x SIP/2.0', '1 OPTIONS', 'call-2')), caller);
    trace.sent(trying, caller);
    trace.received(decoded(invite), caller);
    clock.advance(1000);
    trace.sent(ok, caller);
    const seen = trace.result();
    expect(seen?.messages.map(({ callId, direction }) => `${direction} ${callId}`)).toEqual([
      'out call-1',
      'in call-1',
    ]);
    expect(seen?.isLooking).toBe(false);
    clock.advance(traceLimits.keptMs);
    expect(trace.result()).toBeUndefined();
  });

  test('holds no more than its limit, and says how much it has lost', () => {
    const trace = new MessageTrace(new VirtualClock());
    trace.start({ match: '', durationMs: 1000 });
    const one = decoded(trying);
    for (let i = 0; i < traceLimits.maxMessages + 3; i++) trace.received(one, caller);
    expect(trace.result()?.messages).toHaveLength(traceLimits.maxMessages);
    expect(trace.result()?.lost).toBe(3);
  });
});

describe('a ladder', () => {
  test('has the caller to the left of the server and the callee to its right', () => {
    const clock = new VirtualClock();
    const trace = new MessageTrace(clock);
    trace.start({ match: '', durationMs: 1000 });
    trace.received(decoded(invite), caller);
    trace.sent(trying, caller);
    clock.advance(5);
    trace.sent(invite, callee);
    trace.received(decoded(ok), callee);
    trace.sent(ok, caller);
    expect(ladders(trace.result()?.messages ?? [])).toBe(
      [
        'Call-ID call-1  From sip:alice@example.org  To sip:bob@example.org',
        '                       udp 192.0.2.7:5060                       this server                      tcp [2001:db8::8]:5060',
        '00:00:00.000                    |------------ INVITE sdp ------------>|                                     |',
        '00:00:00.000                    |<------- 100 Trying (1 INVITE) ------|                                     |',
        '00:00:00.005                    |                                     |------------ INVITE sdp ------------>|',
        '00:00:00.005                    |                                     |<--------- 200 OK (1 INVITE) --------|',
        '00:00:00.005                    |<--------- 200 OK (1 INVITE) --------|                                     |',
        '',
      ].join('\n'),
    );
  });

  test('has no column for each of many that are called in vain, but for the one that answers', () => {
    const trace = new MessageTrace(new VirtualClock());
    trace.start({ match: '', durationMs: 1000 });
    trace.received(decoded(invite), caller);
    const places = Array.from({ length: 9 }, (_, at) => `udp 192.0.2.${100 + at}:5060`);
    for (const place of places) trace.sent(invite, place);
    trace.received(decoded(ok), places[8]!);
    const [, names = '', ...lines] = ladders(trace.result()?.messages ?? []).split('\n');
    expect(names.match(/udp \S+/g)).toEqual([caller, places[0], places[1], places[2], places[8]]);
    expect(lines.filter((line) => line.includes('192.0.2.'))).toHaveLength(5);
    expect(lines.at(-2)).toMatch(/\|<-+ 200 OK \(1 INVITE\) -+\|$/);
  });

  test('never hands the terminal what the net sent for it', () => {
    const evil = decoded(message('SIP/2.0 200 \u001b[2J\u009b', '1 INVITE'));
    const text = ladders([{ atMs: 0, direction: 'in', peer: caller, callId: evil.callId(), message: evil }]);
    expect(text).not.toMatch(/[^\n\P{Cc}]/u);
  });
});
