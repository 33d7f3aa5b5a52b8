import { expect, test } from 'vitest';
import { isStun, stunAnswer } from '../../../src/sip/transport/stun.ts';
import { PHONE, TransportWorld } from './transport-world.ts';

/** Cookie and transaction id of the samples in RFC 5769 §2. */
const identity = '2112a442b7e7a701bc34d686fa87dfae';
const request = Buffer.from(`00010000${identity}`, 'hex');

test('a Binding request is answered with the address that it came from (RFC 5769 §2.2, §2.3)', () => {
  expect(stunAnswer(request, '192.0.2.1', 32_853)!.toString('hex')).toBe(`0101000c${identity}002000080001a147e112a643`);
  expect(stunAnswer(request, '2001:db8:1234:5678:11:2233:4455:6677', 32_853)!.toString('hex')).toBe(
    `01010018${identity}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`,
  );
});

test('what is no whole Binding request has no answer', () => {
  expect(stunAnswer(Buffer.from(`00110000${identity}`, 'hex'), PHONE, 1)).toBeUndefined();
  expect(stunAnswer(Buffer.from(`00010008${identity}`, 'hex'), PHONE, 1)).toBeUndefined();
  expect(isStun(request.subarray(0, 19))).toBe(false);
  expect(isStun(Buffer.from('OPTIONS sip:a@example.org SIP/2.0'))).toBe(false);
});

test('telephones keep their flow up by it, beside SIP on the same socket (RFC 5626 §3.5.2)', async () => {
  const world = await new TransportWorld().start();
  const phone = await world.phone();
  phone.send(request);
  await world.pass();
  expect(phone.letters).toHaveLength(1);
  expect([world.messages, world.bad]).toEqual([[], []]);
});
