import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { hashHex } from '#base';
import { buildResponse } from '../../../src/sip/message/build.ts';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';

export const domain = 'example.org';
const resendMs = 500;

/**
 * A telephone by UDP whose password is `secret`. It sends again what is not answered (RFC 3261 §17.1.2), proves who it is when it is
 * asked to, and answers whatever it is asked with 200.
 */
export class SipPhone {
  readonly user: string;
  /** Requests that came here, oldest first. */
  readonly received: SipMessage[] = [];
  readonly #socket: Socket;
  readonly #server: number;
  readonly #answers = new Map<string, (answer: SipMessage) => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #requests = 0;
  #isClosed = false;

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

  static async open(user: string, server: number): Promise<SipPhone> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new SipPhone(user, socket, server);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#socket.close();
  }

  bodies(method: string): string[] {
    return this.received.filter((request) => request.method === method).map((request) => request.body().toString());
  }

  register(): Promise<SipMessage> {
    return this.ask('REGISTER', this.user, ['Expires: 600']);
  }

  /** The final answer, to the request with credentials where the first one is not enough. */
  async ask(method: string, to: string, headers: readonly string[] = [], body = ''): Promise<SipMessage> {
    const first = await this.#ask(method, to, headers, body);
    if (first.status !== 401 && first.status !== 407) return first;
    const id = first.status === 401 ? HeaderId.WwwAuthenticate : HeaderId.ProxyAuthenticate;
    const nonce = first.authorizations(id)[0]?.nonce ?? '';
    const uri = uriOf(method, to);
    const ha1 = hashHex('md5', `${this.user}:${domain}:secret`);
    const response = hashHex('md5', `${ha1}:${nonce}:00000001:c:auth:${hashHex('md5', `${method}:${uri}`)}`);
    const name = first.status === 401 ? 'Authorization' : 'Proxy-Authorization';
    const credentials =
      `${name}: Digest username="${this.user}", realm="${domain}", nonce="${nonce}", uri="${uri}", ` +
      `response="${response}", algorithm=MD5, cnonce="c", nc=00000001, qop=auth`;
    return this.#ask(method, to, [...headers, credentials], body);
  }

  #take(request: SipMessage): void {
    const isNew = this.received.every(({ bytes }) => !bytes.equals(request.bytes));
    if (isNew) this.received.push(request);
    this.#socket.send(buildResponse(request, 200, { toTag: this.user }), this.#server, '127.0.0.1');
  }

  #ask(method: string, to: string, headers: readonly string[], body: string): Promise<SipMessage> {
    // Of one that was closed while it asked nothing comes any more.
    if (this.#isClosed) return new Promise(() => undefined);
    const { port } = this.#socket.address();
    const cseq = ++this.#requests;
    const branch = `z9hG4bK${this.user}${cseq}`;
    const text = [
      `${method} ${uriOf(method, to)} SIP/2.0`,
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
      const again = setInterval(send, resendMs);
      this.#timers.add(again);
      this.#answers.set(branch, (answer) => {
        clearInterval(again);
        this.#timers.delete(again);
        resolve(answer);
      });
      send();
    });
  }
}

const uriOf = (method: string, to: string): string => (method === 'REGISTER' ? `sip:${domain}` : `sip:${to}@${domain}`);
