import { expect, test } from 'vitest';
import { fields, statusOf } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';

const server = useRawServer();

test('accounts whose contacts lead back to them cost one round, not one for each order of their contacts (RFC 5393)', async () => {
  const [phone, caller, witness] = [await server.peer(), await server.peer(), await server.peer()];
  const pair = [server.user(), server.user()] as const;
  const own = (at: number): string => `<sip:${pair[at % 2]!}@127.0.0.1:${server.port};x=${at}>;q=0.${at + 10}`;
  await witness.register(pair[0], { contact: `<${witness.contact}>;q=0.01` });
  const contacts = Array.from({ length: 8 }, (_, at) => own(at)).join(', ');
  for (const user of pair) expect(statusOf(await phone.register(user, { contact: contacts }))).toBe(200);
  const answer = caller.ask('INVITE', { uri: `sip:${pair[0]}@farm.test` });
  // Straight from the first account; the second one, whose every contact is one of the two, leads nowhere.
  const invite = await witness.hears(/^INVITE/);
  expect(fields(invite, 'Via')).toHaveLength(2);
  witness.answer(invite, '486 Busy Here');
  expect(statusOf(await answer)).toBe(486);
  expect(witness.heard.filter((text) => text.startsWith('INVITE'))).toEqual([]);
});
