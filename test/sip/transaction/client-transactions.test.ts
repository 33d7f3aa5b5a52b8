import { describe, expect, test } from 'vitest';
import { RecordingUser, Wire } from './wire.ts';

const sentAt = (wire: Wire, method: string): number[] =>
  wire.sent
    .filter(({ message }) => message.method === method && message.isRequest)
    .map(({ atMs }) => Math.floor(atMs / 100) * 100);

describe('an INVITE that we send (RFC 3261 §17.1.1)', () => {
  test('goes out again after T1, 2 T1, 4 T1 … and ends after 64 T1 without any answer (timers A and B)', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('INVITE', user);
    wire.clock.advance(40_000);
    expect(sentAt(wire, 'INVITE')).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(user.told).toEqual(['timeout', 'ended']);
    expect(wire.layer.figures.clientTransactions).toBe(0);
  });

  test('goes out once over a connection, and ends after 64 T1 all the same', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('INVITE', user, 'tcp');
    wire.clock.advance(31_900);
    expect(user.told).toEqual([]);
    wire.clock.advance(200);
    expect(wire.words).toEqual(['INVITE']);
    expect(user.told).toEqual(['timeout', 'ended']);
  });

  test('is not repeated after a provisional response, and waits for as long as it rings', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('INVITE', user);
    wire.answer(180);
    wire.clock.advance(600_000);
    expect(wire.words).toEqual(['INVITE']);
    expect(user.told).toEqual(['180']);
  });

  test('passes every 2xx on for 64 T1 after the first and acknowledges none (RFC 6026, timer M)', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    const transaction = wire.client('INVITE', user);
    wire.answer(200, 'INVITE', 'one');
    wire.clock.advance(31_000);
    wire.answer(200, 'INVITE', 'two');
    expect(transaction.state).toBe('Accepted');
    wire.clock.advance(1100);
    expect(user.told).toEqual(['200', '200', 'ended']);
    wire.answer(200, 'INVITE', 'three');
    expect(wire.words).toEqual(['INVITE']);
    expect(wire.told).toEqual(['stray 200']);
  });

  test('acknowledges a refusal hop by hop, each time it comes within 32 s (timer D)', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('INVITE', user);
    wire.answer(486, 'INVITE', 'busy');
    wire.clock.advance(20_000);
    wire.answer(486, 'INVITE', 'busy');
    expect(wire.words).toEqual(['INVITE', 'ACK', 'ACK']);
    expect(user.told).toEqual(['486']);
    const [invite, ack] = wire.sent.map(({ message }) => message);
    expect(ack?.topVia()?.toString()).toBe(invite?.topVia()?.toString());
    expect(ack?.requestUriText()).toBe('sip:bob@example.org');
    expect(ack?.to().tag).toBe('busy');
    expect(ack?.cseq()).toEqual({ number: 1, method: 'ACK' });
    wire.clock.advance(13_000);
    expect(user.told).toEqual(['486', 'ended']);
  });

  test('is over with its ACK at once over a connection (timer D is 0)', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('INVITE', user, 'tcp');
    wire.answer(486);
    expect(wire.words).toEqual(['INVITE', 'ACK']);
    expect(user.told).toEqual(['486', 'ended']);
  });

  test('tells that it did not arrive, and is over', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('INVITE', user);
    wire.fail?.(new Error('nobody listens'));
    expect(user.told).toEqual(['transport: nobody listens', 'ended']);
    wire.clock.advance(60_000);
    expect(wire.words).toEqual(['INVITE']);
  });

  test('does not believe a transport error of a transaction that was in its place before', () => {
    const wire = new Wire();
    const first = new RecordingUser();
    wire.client('OPTIONS', first, 'tcp');
    const { fail } = wire;
    wire.answer(200);
    const second = new RecordingUser();
    wire.client('OPTIONS', second, 'tcp');
    fail?.(new Error('too late'));
    expect(first.told).toEqual(['200', 'ended']);
    expect(second.told).toEqual([]);
  });

  test('is taken back only after the other side has said something (RFC 3261 §9.1)', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    const transaction = wire.client('INVITE', user);
    transaction.cancel([]);
    expect(wire.words).toEqual(['INVITE']);
    wire.answer(100, 'INVITE');
    expect(wire.words).toEqual(['INVITE', 'CANCEL']);
    const [invite, cancel] = wire.sent.map(({ message }) => message);
    expect(cancel?.topVia()?.branch).toBe(invite?.topVia()?.branch);
    expect(cancel?.cseq()).toEqual({ number: 1, method: 'CANCEL' });
    expect(cancel?.to().tag).toBeUndefined();
    wire.answer(200, 'CANCEL');
    wire.answer(487, 'INVITE');
    expect(wire.words).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(user.told).toEqual(['100', '487']);
    wire.clock.advance(40_000);
    expect(wire.layer.figures.clientTransactions).toBe(0);
  });

  test('wakes its user when it has rung for too long, counted from the last word', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    const transaction = wire.client('INVITE', user);
    transaction.wakeAfter(185_000);
    wire.clock.advance(400);
    wire.answer(180);
    transaction.wakeAfter(185_000);
    wire.clock.advance(184_900);
    expect(user.told).toEqual(['180']);
    wire.clock.advance(200);
    expect(user.told).toEqual(['180', 'woken']);
  });
});

describe('another request that we send (RFC 3261 §17.1.2)', () => {
  test('goes out again after T1, 2 T1, 4 T1, then each T2, and ends after 64 T1 (timers E and F)', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('OPTIONS', user);
    wire.clock.advance(40_000);
    expect(sentAt(wire, 'OPTIONS').slice(0, 6)).toEqual([0, 500, 1500, 3500, 7500, 11_500]);
    expect(sentAt(wire, 'OPTIONS')).toHaveLength(11);
    expect(user.told).toEqual(['timeout', 'ended']);
  });

  test('goes out each T2 once the other side has said that it works on it', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('OPTIONS', user);
    wire.clock.advance(100);
    wire.answer(183);
    wire.clock.advance(40_000);
    expect(sentAt(wire, 'OPTIONS').slice(0, 4)).toEqual([0, 500, 4500, 8500]);
    expect(user.told).toEqual(['183', 'timeout', 'ended']);
  });

  test('swallows its answer repeated for T4 (timer K)', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('BYE', user);
    wire.answer(200);
    wire.clock.advance(4900);
    wire.answer(200);
    expect(user.told).toEqual(['200']);
    wire.clock.advance(200);
    expect(user.told).toEqual(['200', 'ended']);
  });

  test('is not repeated over a connection, and is over with its answer', () => {
    const wire = new Wire();
    const user = new RecordingUser();
    wire.client('BYE', user, 'tls');
    wire.clock.advance(10_000);
    expect(wire.words).toEqual(['BYE']);
    wire.answer(200);
    expect(user.told).toEqual(['200', 'ended']);
  });
});

test('an answer with a branch that we did not make is nothing to us', () => {
  const wire = new Wire();
  const user = new RecordingUser();
  const transaction = wire.client('OPTIONS', user);
  const { message } = wire.sent[0]!;
  const forged = `SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=${transaction.branch.slice(0, -1)}${transaction.branch.endsWith('0') ? '1' : '0'}
From: ${message.value(1)!}
To: <sip:bob@example.org>;tag=x
Call-ID: ${message.callId()}
CSeq: 1 OPTIONS
Content-Length: 0

`;
  wire.receive(forged);
  expect(user.told).toEqual([]);
  expect(wire.told).toEqual([]);
});

test('timers follow the settings', () => {
  const wire = new Wire({ timers: { t1Ms: 100, t2Ms: 200, t4Ms: 1000, timerBMs: 2000 } });
  const user = new RecordingUser();
  wire.client('INVITE', user);
  wire.clock.advance(2100);
  expect(user.told).toEqual(['timeout', 'ended']);
});

test('when the table is full there is no transaction to be had, and the caller knows', () => {
  const wire = new Wire({ limits: { maxClientTransactions: 2, maxServerTransactions: 2 } });
  const user = new RecordingUser();
  wire.client('OPTIONS', user);
  wire.client('OPTIONS', user);
  expect(wire.layer.client('OPTIONS', user)).toBeUndefined();
  expect(wire.layer.isFull).toBe(true);
  expect(wire.layer.figures.refused).toBe(1);
});
