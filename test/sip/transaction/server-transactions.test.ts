import { describe, expect, test } from 'vitest';
import { buildResponse } from '../../../src/sip/message/build.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { messageOf, requestText, Wire } from './wire.ts';

function respond(wire: Wire, status: number): void {
  const transaction = wire.accepted!;
  const request: SipMessage = transaction.request ?? messageOf(requestText(transaction.method));
  transaction.respond(buildResponse(request, status, { toTag: 'us' }), status);
}

describe('an INVITE that comes (RFC 3261 §17.2.1)', () => {
  test('gets a 100 after 200 ms when nobody has answered it by then', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE'));
    wire.clock.advance(190);
    expect(wire.words).toEqual([]);
    wire.clock.advance(60);
    expect(wire.words).toEqual(['100']);
    wire.receive(requestText('INVITE'));
    expect(wire.words).toEqual(['100', '100']);
    expect(wire.told).toEqual(['request INVITE']);
  });

  test('gets the last provisional response again when it comes again', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE'));
    respond(wire, 180);
    wire.receive(requestText('INVITE'));
    wire.clock.advance(1000);
    expect(wire.words).toEqual(['180', '180']);
  });

  test('is refused again and again until the ACK comes, or for 64 T1 (timers G and H)', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE'));
    respond(wire, 486);
    wire.clock.advance(40_000);
    const times = wire.sent.map(({ atMs }) => Math.floor(atMs / 100) / 10);
    expect(times.slice(0, 6)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 11.5]);
    expect(wire.told).toEqual(['request INVITE', 'server ended']);
    expect(wire.layer.figures.serverTransactions).toBe(0);
  });

  test('ends T4 after its ACK, and swallows ACKs until then (timer I)', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE'));
    respond(wire, 486);
    wire.receive(requestText('ACK', { toTag: 'us' }));
    wire.clock.advance(4900);
    wire.receive(requestText('ACK', { toTag: 'us' }));
    expect(wire.words).toEqual(['486']);
    expect(wire.accepted?.state).toBe('Confirmed');
    wire.clock.advance(200);
    expect(wire.told).toEqual(['request INVITE', 'server ended']);
  });

  test('over a connection is refused once, and ends with its ACK (timer I is 0)', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE'), 'tcp');
    respond(wire, 486);
    wire.clock.advance(10_000);
    expect(wire.words).toEqual(['486']);
    wire.receive(requestText('ACK', { toTag: 'us' }), 'tcp');
    expect(wire.told).toEqual(['request INVITE', 'server ended']);
  });

  test('once accepted swallows itself repeated and lets further 2xx out, for 64 T1 (RFC 6026, timer L)', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE'));
    respond(wire, 200);
    wire.receive(requestText('INVITE'));
    expect(wire.words).toEqual(['200']);
    respond(wire, 200);
    expect(wire.words).toEqual(['200', '200']);
    wire.clock.advance(31_900);
    expect(wire.accepted?.state).toBe('Accepted');
    wire.clock.advance(200);
    expect(wire.told).toEqual(['request INVITE', 'server ended']);
  });

  test('passes the ACK for a 2xx to the core', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE'));
    respond(wire, 200);
    wire.receive(requestText('ACK', { branch: 'z9hG4bKother', toTag: 'us' }));
    expect(wire.told).toEqual(['request INVITE', 'ack']);
  });

  test('is found by its CANCEL, which is answered at once (RFC 3261 §9.2)', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE'));
    wire.receive(requestText('CANCEL'));
    wire.receive(requestText('CANCEL'));
    expect(wire.words).toEqual(['200', '200']);
    expect(wire.told).toEqual(['request INVITE', 'cancelled']);
  });
});

describe('another request that comes (RFC 3261 §17.2.2)', () => {
  test('is swallowed when it comes again before its answer, and answered again after it (timer J)', () => {
    const wire = new Wire();
    wire.receive(requestText('MESSAGE'));
    wire.receive(requestText('MESSAGE'));
    expect(wire.words).toEqual([]);
    respond(wire, 200);
    wire.clock.advance(31_000);
    wire.receive(requestText('MESSAGE'));
    expect(wire.words).toEqual(['200', '200']);
    wire.clock.advance(1100);
    expect(wire.told).toEqual(['request MESSAGE', 'server ended']);
    expect(wire.layer.figures.absorbed).toBe(2);
  });

  test('over a connection is over with its answer', () => {
    const wire = new Wire();
    wire.receive(requestText('MESSAGE'), 'tcp');
    respond(wire, 200);
    expect(wire.told).toEqual(['request MESSAGE', 'server ended']);
  });

  test('keeps its first final answer', () => {
    const wire = new Wire();
    wire.receive(requestText('MESSAGE'));
    respond(wire, 404);
    respond(wire, 200);
    expect(wire.words).toEqual(['404']);
  });

  test('may be left without an answer (RFC 4320 §4.2)', () => {
    const wire = new Wire();
    wire.receive(requestText('MESSAGE'));
    wire.accepted?.abandon();
    expect(wire.words).toEqual([]);
    expect(wire.layer.figures.serverTransactions).toBe(0);
  });
});

describe('a request belongs to the transaction (RFC 3261 §17.2.3)', () => {
  test('of its branch, sent-by and method', () => {
    const wire = new Wire();
    wire.receive(requestText('MESSAGE'));
    wire.receive(requestText('MESSAGE', { sentBy: '192.0.2.8:5060' }));
    wire.receive(requestText('MESSAGE', { sentBy: '192.0.2.7:5061' }));
    wire.receive(requestText('OPTIONS'));
    expect(wire.told).toEqual(['request MESSAGE', 'request MESSAGE', 'request MESSAGE', 'request OPTIONS']);
    expect(wire.layer.figures.serverTransactions).toBe(4);
    wire.receive(requestText('MESSAGE'));
    wire.receive(requestText('OPTIONS'));
    expect(wire.layer.figures.absorbed).toBe(2);
  });

  test('of its Call-ID, CSeq, From tag and Request-URI when it is of RFC 2543, and has no branch', () => {
    const wire = new Wire();
    wire.receive(requestText('INVITE', { branch: '' }));
    wire.receive(requestText('INVITE', { branch: '' }));
    expect(wire.told).toEqual(['request INVITE']);
    respond(wire, 486);
    wire.receive(requestText('ACK', { branch: '', toTag: 'us' }));
    expect(wire.accepted?.state).toBe('Confirmed');
    wire.receive(requestText('INVITE', { branch: '', callId: 'call-2' }));
    expect(wire.told).toEqual(['request INVITE', 'request INVITE']);
  });

  test('not because both have a branch that is only the cookie (RFC 4475 §3.2.1)', () => {
    const wire = new Wire();
    wire.receive(requestText('OPTIONS', { branch: 'z9hG4bK', callId: 'one' }));
    wire.receive(requestText('OPTIONS', { branch: 'z9hG4bK', callId: 'two' }));
    expect(wire.told).toEqual(['request OPTIONS', 'request OPTIONS']);
  });
});

test('a CANCEL for nothing goes to the core', () => {
  const wire = new Wire();
  wire.receive(requestText('CANCEL'));
  expect(wire.told).toEqual(['stray cancel']);
});

test('a request beyond the table gets 503 with Retry-After and leaves nothing behind', () => {
  const wire = new Wire({ limits: { maxServerTransactions: 1, maxClientTransactions: 1 } });
  wire.receive(requestText('MESSAGE', { branch: 'z9hG4bK1' }));
  wire.receive(requestText('MESSAGE', { branch: 'z9hG4bK2' }));
  expect(wire.words).toEqual(['503']);
  expect(wire.sent[0]?.message.valueOf('Retry-After')).toBe('5');
  expect(wire.layer.figures).toMatchObject({ serverTransactions: 1, refused: 1 });
});

test('the ACK for a refusal that was given without a transaction goes nowhere', () => {
  const wire = new Wire();
  wire.onRequest = (message, hop) => wire.layer.respondStatelessly(message, hop, 404);
  wire.receive(requestText('INVITE'));
  const { tag } = wire.sent[0]!.message.to();
  wire.receive(requestText('INVITE'));
  expect(wire.sent[1]?.message.to().tag).toBe(tag);
  wire.receive(requestText('ACK', { toTag: tag! }));
  expect(wire.told).toEqual(['request INVITE', 'request INVITE']);
  expect(wire.layer.figures.serverTransactions).toBe(0);
});

test('answers go back with received and rport where the sender needs them (RFC 3261 §18.2.1, RFC 3581 §4)', () => {
  const wire = new Wire();
  wire.onRequest = (message, hop) => wire.layer.respondStatelessly(message, hop, 404);
  wire.receive(requestText('OPTIONS', { sentBy: '10.0.0.1:5060' }));
  wire.receive(requestText('OPTIONS', { sentBy: '10.0.0.1:5060;rport' }));
  wire.receive(requestText('OPTIONS'));
  const vias = wire.sent.map(({ message }) => message.topVia()!);
  expect(vias.map(({ received, rport }) => [received, rport])).toEqual([
    ['192.0.2.7', undefined],
    ['192.0.2.7', 5060],
    [undefined, undefined],
  ]);
});
