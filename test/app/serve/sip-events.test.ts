import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { freePorts } from '../../io/node/free-ports.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { callLocal } from './local-api.ts';
import { ServeProcess } from './serve-process.ts';
import { domain, SipPhone } from './sip-phone.ts';

let folder: string;
let data: string;
let server: ServeProcess | undefined;
const phones: SipPhone[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-sip-'));
  data = join(folder, 'data');
});

afterEach(async () => {
  for (const phone of phones.splice(0)) phone.close();
  await server?.signal('SIGKILL');
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function openPhone(user: string, port: number): Promise<SipPhone> {
  const phone = await SipPhone.open(user, port);
  phones.push(phone);
  return phone;
}

const pidf = `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:bob@${domain}"><tuple id="t"><status><basic>open</basic></status><note>at lunch</note></tuple></presence>`;

test('presence and a message for somebody who is away outlast kill -9; who looks sees a ladder', async () => {
  const listen = await freePorts(2);
  const sip = listen + 1;
  const args = ['--listen', `127.0.0.1:${listen}`, '--sip', `127.0.0.1:${sip}`];
  server = await new ServeProcess(data, args).isUp();
  for (const user of ['alice', 'bob']) {
    const params = { Account_str: `${user}@${domain}`, Password_utf: 'secret', CreateDomain_bool: true };
    expect((await callLocal(data, 'HubfarmSipCreateAccount', params)).error).toBeUndefined();
  }
  const alice = await openPhone('alice', sip);
  const bob = await openPhone('bob', sip);
  const published = await bob.ask('PUBLISH', 'bob', ['Event: presence', 'Content-Type: application/pidf+xml'], pidf);
  expect(published.status).toBe(200);
  expect(published.has(HeaderId.SipEtag)).toBe(true);
  expect((await alice.ask('PUBLISH', 'bob', ['Event: presence'], '')).status).toBe(403);
  expect((await alice.ask('MESSAGE', 'bob', ['Content-Type: text/plain'], 'call me')).status).toBe(202);

  await server.signal('SIGKILL');
  server = await new ServeProcess(data, args).isUp();
  expect((await callLocal(data, 'HubfarmSipStartTrace', { Match_str: 'bob@', Seconds_u32: 60 })).error).toBeUndefined();
  const subscribed = await alice.ask('SUBSCRIBE', 'bob', ['Event: presence', 'Expires: 600']);
  expect(subscribed.status).toBe(200);
  await vi.waitFor(() => expect(alice.bodies('NOTIFY')).toEqual([pidf]));
  expect((await bob.register()).status).toBe(200);
  await vi.waitFor(() => expect(bob.bodies('MESSAGE')).toEqual(['call me']));

  const seen = await callLocal(data, 'HubfarmSipGetTrace');
  const [row] = seen.result!['TraceList'] as { Ladders_utf: string }[];
  for (const word of ['SUBSCRIBE presence', 'NOTIFY presence pidf+xml', 'REGISTER', 'MESSAGE plain']) {
    expect(row?.Ladders_utf).toContain(word);
  }
});
