import { describe, expect, test } from 'vitest';
import { fields, statusOf, type RawPeer } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';

const server = useRawServer();

const redirect = (phone: RawPeer, invite: string, contact: string): void => {
  const kept = invite.split('\r\n').filter((line) => /^(?:Via|From|Call-ID|CSeq):/.test(line));
  const lines = [
    'SIP/2.0 302 Moved Temporarily',
    ...kept,
    `To: ${fields(invite, 'To')[0]!};tag=z`,
    `Contact: ${contact}`,
  ];
  phone.send([...lines, 'Content-Length: 0', '', ''].join('\r\n'));
};

describe('a redirection by a telephone', () => {
  test('is followed in the order of q, by the addresses alone', async () => {
    const [caller, phone, high, low] = [
      await server.peer(),
      await server.peer(),
      await server.peer(),
      await server.peer(),
    ];
    const user = server.user();
    await phone.register(user);
    caller.send(caller.text('INVITE', { uri: `sip:${user}@farm.test` }));
    const first = `<sip:high@127.0.0.1:${high.port};method=BYE?Subject=x>;q=0.9`;
    redirect(phone, await phone.hears(/^INVITE/), `<sip:low@127.0.0.1:${low.port}>;q=0.1, ${first}`);
    const invite = await high.hears(/^INVITE/);
    expect(invite).toMatch(new RegExp(`^INVITE sip:high@127\\.0\\.0\\.1:${high.port} SIP`));
    expect(low.heard).toEqual([]);
    high.answer(invite, '486 Busy Here');
    low.answer(await low.hears(/^INVITE/), '200 OK');
    expect(statusOf(await caller.hears(/^SIP\/2\.0 [2-6]/))).toBe(200);
  });

  test('to where one may not be brought is told to the caller', async () => {
    const [caller, phone] = [await server.peer(), await server.peer()];
    const user = server.user();
    await phone.register(user);
    caller.send(caller.text('INVITE', { uri: `sip:${user}@farm.test` }));
    redirect(phone, await phone.hears(/^INVITE/), '<https://farm.test/>');
    const answer = await caller.hears(/^SIP\/2\.0 [2-6]/);
    expect([statusOf(answer), ...fields(answer, 'Contact')]).toEqual([302, '<https://farm.test/>']);
  });
});

describe('Max-Breadth (RFC 5393 §5.3)', () => {
  test.each([
    [[], '60'],
    [['Max-Breadth: 1000'], '60'],
    [['Max-Breadth: 7'], '7'],
  ] as const)('of a request with %j is sent on as %s', async (lines, sent) => {
    const [caller, phone] = [await server.peer(), await server.peer()];
    const user = server.user();
    await phone.register(user);
    caller.send(caller.text('MESSAGE', { uri: `sip:${user}@farm.test`, lines }));
    const message = await phone.hears(/^MESSAGE/);
    expect(fields(message, 'Max-Breadth')).toEqual([sent]);
    phone.answer(message, '200 OK');
    await caller.hears(/^SIP\/2\.0 200/);
  });

  test('is shared among the copies, and 440 where there is too little', async () => {
    const [caller, one, other] = [await server.peer(), await server.peer(), await server.peer()];
    const user = server.user();
    for (const phone of [one, other]) await phone.register(user);
    const uri = `sip:${user}@farm.test`;
    expect(statusOf(await caller.ask('INVITE', { uri, lines: ['Max-Breadth: 1'] }))).toBe(440);
    caller.send(caller.text('INVITE', { uri, lines: ['Max-Breadth: 9'] }));
    for (const phone of [one, other]) {
      const invite = await phone.hears(/^INVITE/);
      expect(fields(invite, 'Max-Breadth')).toEqual(['4']);
      phone.answer(invite, '486 Busy Here');
    }
    await caller.hears(/^SIP\/2\.0 486/);
  });
});

describe('CANCEL', () => {
  test('of anything but an INVITE is answered and changes nothing (RFC 3261 §9.2)', async () => {
    const [caller, phone] = [await server.peer(), await server.peer()];
    const user = server.user();
    await phone.register(user);
    const request = { uri: `sip:${user}@farm.test`, branch: 'z9hG4bKcancelled', callId: 'cancelled' };
    caller.send(caller.text('MESSAGE', request));
    const message = await phone.hears(/^MESSAGE/);
    expect(statusOf(await caller.ask('CANCEL', request))).toBe(200);
    phone.answer(message, '200 OK');
    await caller.hears(/^SIP\/2\.0 200 (?=[^]*CSeq: 1 MESSAGE)/);
    expect(phone.heard.filter((text) => text.startsWith('CANCEL'))).toEqual([]);
  });

  test('that overtakes every answer waits for one, and ends the call then', async () => {
    const [caller, phone] = [await server.peer(), await server.peer()];
    const user = server.user();
    await phone.register(user);
    const request = { uri: `sip:${user}@farm.test`, branch: 'z9hG4bKearly', callId: 'early' };
    caller.send(caller.text('INVITE', request));
    const invite = await phone.hears(/^INVITE/);
    expect(statusOf(await caller.ask('CANCEL', request))).toBe(200);
    expect(phone.heard.filter((text) => text.startsWith('CANCEL'))).toEqual([]);
    phone.answer(invite, '180 Ringing');
    phone.answer(await phone.hears(/^CANCEL/), '200 OK');
    phone.answer(invite, '487 Request Terminated');
    await phone.hears(/^ACK/);
    await caller.hears(/^SIP\/2\.0 487/);
  });
});

test('a 200 that crosses the CANCEL after another telephone’s 603 goes to the caller, and once more when it comes again', async () => {
  const [caller, one, other] = [await server.peer(), await server.peer(), await server.peer()];
  const user = server.user();
  for (const phone of [one, other]) await phone.register(user);
  caller.send(caller.text('INVITE', { uri: `sip:${user}@farm.test` }));
  const [toOne, toOther] = [await one.hears(/^INVITE/), await other.hears(/^INVITE/)];
  other.answer(toOther, '180 Ringing');
  await caller.hears(/^SIP\/2\.0 180/);
  one.answer(toOne, '603 Decline');
  await one.hears(/^ACK/);
  await other.hears(/^CANCEL/);
  for (let time = 0; time < 2; time++) {
    other.answer(toOther, '200 OK');
    await caller.hears(/^SIP\/2\.0 200/);
  }
});
