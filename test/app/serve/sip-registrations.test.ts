import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../../io/node/free-ports.ts';
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

test('a registration that was answered with 200 is there after kill -9 and a restart', async () => {
  const listen = await freePorts(2);
  const sip = listen + 1;
  const args = ['--listen', `127.0.0.1:${listen}`, '--sip', `127.0.0.1:${sip}`];
  server = await new ServeProcess(data, args).isUp();
  for (let at = 0; at < 200; at++) {
    const params = { Account_str: `u${at}@${domain}`, Password_utf: 'secret', CreateDomain_bool: true };
    const { error } = await callLocal(data, 'HubfarmSipCreateAccount', params);
    expect(error).toBeUndefined();
  }
  const answered = new Set<string>();
  const registering = Array.from({ length: 200 }, async (_, at) => {
    const phone = await openPhone(`u${at}`, sip);
    if ((await phone.register()).status === 200) answered.add(`u${at}@${domain}`);
    // Killed in the middle of the others' registrations.
    if (answered.size === 50) void server?.signal('SIGKILL');
  });
  void Promise.allSettled(registering);
  await server.ended();
  const before = new Set(answered);
  expect(before.size).toBeGreaterThanOrEqual(50);
  for (const phone of phones.splice(0)) phone.close();

  server = await new ServeProcess(data, args).isUp();
  const { result } = await callLocal(data, 'HubfarmSipEnumRegistration');
  const rows = result!['RegistrationList'] as { Account_str: string; Contact_str: string }[];
  const there = new Set(rows.map(({ Account_str }) => Account_str));
  expect([...before].filter((aor) => !there.has(aor))).toEqual([]);
  // And telephones go on registering.
  const phone = await openPhone('u0', sip);
  expect((await phone.register()).status).toBe(200);
});

test('every member of a server takes registrations for every account, and all know them', async () => {
  const listen = await freePorts(4);
  const sip = listen + 2;
  // As many places as members: each has one of them.
  const places = `127.0.0.1:${sip},127.0.0.1:${sip + 1}`;
  const args = ['--listen', `127.0.0.1:${listen}`, '--sip', places, '--members', '2'];
  server = await new ServeProcess(data, args).isUp();
  const users = Array.from({ length: 40 }, (_, at) => `u${at}`);
  for (const user of users) {
    const params = { Account_str: `${user}@${domain}`, Password_utf: 'secret', CreateDomain_bool: true };
    expect((await callLocal(data, 'HubfarmSipCreateAccount', params)).error).toBeUndefined();
  }
  for (const [at, user] of users.entries()) {
    const phone = await openPhone(user, sip + (at % 2));
    // The accounts have owners a moment after the start, the other member knows new ones a moment after they were made.
    await expect.poll(async () => (await phone.register()).status).toBe(200);
  }
  const rows = async (): Promise<{ Account_str: string; Member_str: string }[]> => {
    const { result } = await callLocal(data, 'HubfarmSipEnumRegistration');
    return result!['RegistrationList'] as { Account_str: string; Member_str: string }[];
  };
  await expect.poll(async () => (await rows()).length).toBe(40);
  const members = new Set((await rows()).map(({ Member_str }) => Member_str));
  expect(members.size).toBe(2);
});
