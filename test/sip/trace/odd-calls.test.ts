import { expect, test } from 'vitest';
import { SipWorld } from '../core/sip-world.ts';

/** What the record of a call is about, without its times. */
const recordOf = ({ endedBy, status, requestUri, to }: Record<string, unknown>): unknown => ({
  endedBy,
  status,
  requestUri,
  to,
});
const toBob = { requestUri: 'sip:bob@example.org', to: 'sip:bob@example.org' };

function ringing(count: number) {
  const world = new SipWorld();
  const alice = world.phone({ address: '192.0.2.7' });
  const phones = Array.from({ length: count }, (_, at) => world.phone({ address: `192.0.2.${8 + at}` }));
  for (const phone of phones) world.bind('bob', phone);
  alice.send('INVITE', { branch: 'z9hG4bKodd' });
  return { world, alice, phones };
}

test('a call that a telephone redirects is one call, to whom it was made', () => {
  const { world, alice, phones } = ringing(1);
  const carol = world.phone({ address: '192.0.2.20' });
  phones[0]!.answer('INVITE', 302, { headers: ['Contact: <sip:carol@192.0.2.20>'] });
  carol.answer('INVITE', 200);
  expect(world.records).toEqual([]);
  alice.send('BYE', { uri: 'sip:carol@192.0.2.20', toTag: 't-192.0.2.20', cseq: 2 });
  expect(world.records.map(recordOf)).toEqual([{ endedBy: 'caller', status: 200, ...toBob }]);
});

test('a call that is answered while it is being declined is an answered one', () => {
  const { world, alice, phones } = ringing(2);
  phones[1]!.answer('INVITE', 180);
  phones[0]!.answer('INVITE', 603);
  phones[1]!.answer('INVITE', 200);
  alice.send('BYE', { uri: 'sip:bob@192.0.2.9', toTag: 't-192.0.2.9', cseq: 2 });
  expect(world.records.map(recordOf)).toEqual([{ endedBy: 'caller', status: 200, ...toBob }]);
});

test('a call that is cancelled is written once, as 487 or, where the answer came first, with its BYE', () => {
  const cancelled = ringing(1);
  cancelled.phones[0]!.answer('INVITE', 180);
  cancelled.alice.send('CANCEL', { branch: 'z9hG4bKodd' });
  cancelled.phones[0]!.answer('INVITE', 487);
  expect(cancelled.world.records.map(recordOf)).toEqual([{ endedBy: 'cancelled', status: 487, ...toBob }]);
  const crossing = ringing(1);
  crossing.phones[0]!.answer('INVITE', 180);
  crossing.alice.send('CANCEL', { branch: 'z9hG4bKodd' });
  crossing.phones[0]!.answer('INVITE', 200);
  expect(crossing.world.records).toEqual([]);
  crossing.alice.send('BYE', { uri: 'sip:bob@192.0.2.8', toTag: 't-192.0.2.8', cseq: 2 });
  expect(crossing.world.records.map(recordOf)).toEqual([{ endedBy: 'caller', status: 200, ...toBob }]);
});

test.each([
  [486, 'refused'],
  [480, 'refused'],
  [603, 'refused'],
  [408, 'unanswered'],
  [487, 'unanswered'],
  [500, 'failed'],
  [504, 'failed'],
])('a call that ends with %i was %s', (status, endedBy) => {
  const { world, phones } = ringing(1);
  phones[0]!.answer('INVITE', status);
  expect(world.records.map(recordOf)).toEqual([{ endedBy, status, ...toBob }]);
});

test('a request that goes in a circle, or is of another call, makes no record', () => {
  const { world, alice, phones } = ringing(1);
  alice.send('CANCEL', { branch: 'z9hG4bKother', callId: 'other' });
  alice.send('BYE', { uri: 'sip:bob@example.org', toTag: 'made-up', callId: 'other', cseq: 2 });
  expect(world.records).toEqual([]);
  phones[0]!.answer('INVITE', 486);
  expect(world.records.map(recordOf)).toEqual([{ endedBy: 'refused', status: 486, ...toBob }]);
});
