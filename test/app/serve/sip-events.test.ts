import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hashHex } from '#base';
import { freePorts } from '../../io/node/free-ports.ts';
import { buildResponse } from '../../../src/sip/message/build.ts';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { callLocal } from './local-api.ts';
import { ServeProcess } from './serve-process.ts';

const domain = 'example.org';

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

/** A telephone by UDP that answers whatever it is asked with 200, and proves who it is when it is asked to. */
class Phone {
  readonly user: string;
  /** Requests that came here, oldest first. */
  readonly received: SipMessage[] = [];
  readonly #socket: Socket;
  readonly #server: number;
  readonly #answers = new Map<string, (answer: SipMessage) => void>();
  #requests = 0;

  private constructor(user: string, socket: Socket, server: number) {
    this.user = user;
    this.#socket = socket;
    this.#server = server;
    socket.on('message', (bytes) => {
      const message = decodeMessage(bytes);
      if (!(message instanceof SipMessage)) throw new Error(message.reason);
      if (message.isRequest) this.#take(message);
      else if (message.status >= 200) this.#answers.get(message.topVia()?.branch ?? '')?.(message);
    });
  }

  static async open(user: string, server: number): Promise<Phone> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const phone = new Phone(user, socket, server);
    phones.push(phone);
    return phone;
  }

  close(): void {
    this.#socket.close();
  }

  bodies(method: string): string[] {
    return this.received.filter((request) => request.method === method).map((request) => request.body().toString());
  }

  #take(request: SipMessage): void {
    const isNew = this.received.every(({ bytes }) => !bytes.equals(request.bytes));
    if (isNew) this.received.push(request);
    this.#socket.send(buildResponse(request, 200, { toTag: this.user }), this.#server, '127.0.0.1');
  }

  /** The final answer, to the request with credentials where the first one is not enough. */
  async ask(method: string, to: string, headers: readonly string[] = [], body = ''): Promise<SipMessage> {
    const first = await this.#ask(method, to, headers, body);
    if (first.status !== 401 && first.status !== 407) return first;
    const id = first.status === 401 ? HeaderId.WwwAuthenticate : HeaderId.ProxyAuthenticate;
    const nonce = first.authorizations(id)[0]?.nonce ?? '';
    const uri = method === 'REGISTER' ? `sip:${domain}` : `sip:${to}@${domain}`;
    const ha1 = hashHex('md5', `${this.user}:${domain}:secret`);
    const response = hashHex('md5', `${ha1}:${nonce}:00000001:c:auth:${hashHex('md5', `${method}:${uri}`)}`);
    const name = first.status === 401 ? 'Authorization' : 'Proxy-Authorization';
    const credentials =
      `${name}: Digest username="${this.user}", realm="${domain}", nonce="${nonce}", uri="${uri}", ` +
      `response="${response}", algorithm=MD5, cnonce="c", nc=00000001, qop=auth`;
    return this.#ask(method, to, [...headers, credentials], body);
  }

  #ask(method: string, to: string, headers: readonly string[], body: string): Promise<SipMessage> {
    const { port } = this.#socket.address();
    const cseq = ++this.#requests;
    const branch = `z9hG4bK${this.user}${cseq}`;
    const text = [
      `${method} ${method === 'REGISTER' ? `sip:${domain}` : `sip:${to}@${domain}`} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=${branch}`,
      'Max-Forwards: 70',
      `From: <sip:${this.user}@${domain}>;tag=${this.user}`,
      `To: <sip:${to}@${domain}>`,
      `Call-ID: ${this.user}-${method}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:${this.user}@127.0.0.1:${port}>`,
      ...headers,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
    return new Promise((resolve) => {
      const send = (): void => this.#socket.send(text, this.#server, '127.0.0.1');
      const again = setInterval(send, 500);
      this.#answers.set(branch, (answer) => {
        clearInterval(again);
        resolve(answer);
      });
      send();
    });
  }
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
  const alice = await Phone.open('alice', sip);
  const bob = await Phone.open('bob', sip);
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
  expect((await bob.ask('REGISTER', 'bob', ['Expires: 600'])).status).toBe(200);
  await vi.waitFor(() => expect(bob.bodies('MESSAGE')).toEqual(['call me']));

  const seen = await callLocal(data, 'HubfarmSipGetTrace');
  const [row] = seen.result!['TraceList'] as { Ladders_utf: string }[];
  for (const word of ['SUBSCRIBE presence', 'NOTIFY presence pidf+xml', 'REGISTER', 'MESSAGE plain']) {
    expect(row?.Ladders_utf).toContain(word);
  }
});
