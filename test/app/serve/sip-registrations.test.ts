import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashHex } from '#base';
import { freePorts } from '../../io/node/free-ports.ts';
import { callLocal } from './local-api.ts';
import { ServeProcess } from './serve-process.ts';

let folder: string;
let data: string;
let server: ServeProcess | undefined;
const phones: Phone[] = [];

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

const domain = 'example.org';

/** A telephone that registers by UDP, and asks again until it is answered (RFC 3261 §17.1.2). */
class Phone {
  readonly user: string;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #answers = new Map<string, (answer: string) => void>();
  #requests = 0;
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(user: string, socket: Socket, port: number) {
    this.user = user;
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => {
      const text = bytes.toString('latin1');
      this.#answers.get(/branch=([^;\r]+)/.exec(text)?.[1] ?? '')?.(text);
    });
  }

  static async open(user: string, port: number): Promise<Phone> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const phone = new Phone(user, socket, port);
    phones.push(phone);
    return phone;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#again);
    this.#socket.close();
  }

  /** Resolves with the final answer to the second request, which has the credentials. */
  async register(): Promise<string> {
    const challenge = await this.#ask('');
    const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
    const uri = `sip:${domain}`;
    const ha1 = hashHex('md5', `${this.user}:${domain}:secret`);
    const response = hashHex('md5', `${ha1}:${nonce}:00000001:c:auth:${hashHex('md5', `REGISTER:${uri}`)}`);
    return this.#ask(
      `Authorization: Digest username="${this.user}", realm="${domain}", nonce="${nonce}", uri="${uri}", ` +
        `response="${response}", algorithm=MD5, cnonce="c", nc=00000001, qop=auth\r\n`,
    );
  }

  #ask(authorization: string): Promise<string> {
    if (this.#isClosed) return new Promise(() => undefined);
    const { port } = this.#socket.address();
    const cseq = ++this.#requests;
    const branch = `z9hG4bK${this.user}.${cseq}`;
    const text =
      `REGISTER sip:${domain} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=${branch}\r\n` +
      `From: <sip:${this.user}@${domain}>;tag=1\r\nTo: <sip:${this.user}@${domain}>\r\nCall-ID: ${this.user}\r\n` +
      `CSeq: ${cseq} REGISTER\r\nContact: <sip:${this.user}@127.0.0.1:${port}>\r\nMax-Forwards: 70\r\nExpires: 600\r\n` +
      `${authorization}Content-Length: 0\r\n\r\n`;
    return new Promise((resolve) => {
      const send = (): void => this.#socket.send(text, this.#port, '127.0.0.1');
      this.#again = setInterval(send, 500);
      this.#answers.set(branch, (answer) => {
        clearInterval(this.#again);
        resolve(answer);
      });
      send();
    });
  }
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
    const phone = await Phone.open(`u${at}`, sip);
    if ((await phone.register()).startsWith('SIP/2.0 200 ')) answered.add(`u${at}@${domain}`);
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
  const phone = await Phone.open('u0', sip);
  expect(await phone.register()).toMatch(/^SIP\/2.0 200 /);
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
    const phone = await Phone.open(user, sip + (at % 2));
    // The accounts have owners a moment after the start, the other member knows new ones a moment after they were made.
    await expect.poll(() => phone.register()).toMatch(/^SIP\/2.0 200 /);
  }
  const rows = async (): Promise<{ Account_str: string; Member_str: string }[]> => {
    const { result } = await callLocal(data, 'HubfarmSipEnumRegistration');
    return result!['RegistrationList'] as { Account_str: string; Member_str: string }[];
  };
  await expect.poll(async () => (await rows()).length).toBe(40);
  const members = new Set((await rows()).map(({ Member_str }) => Member_str));
  expect(members.size).toBe(2);
});
