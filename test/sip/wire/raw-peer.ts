import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { hashHex } from '#base';

const HOST = '127.0.0.1';
/** Nothing that is to come takes longer, also on a busy machine. */
const PATIENCE_MS = 8_000;

export interface RawRequest {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  /** In the place of the Via that is made. */
  readonly via?: string;
  readonly contact?: string | null;
  readonly maxForwards?: number | null;
  readonly lines?: readonly string[];
  readonly body?: string;
}

let serial = 0;

/** A program at a UDP socket that says what the test wants, byte for byte, and keeps what it hears. */
export class RawPeer {
  readonly heard: string[] = [];
  readonly #socket: Socket;
  readonly #serverPort: number;
  readonly #serverHost: string;
  #wake: () => void = () => undefined;

  /** As it writes its own address. */
  host: string;

  private constructor(socket: Socket, serverPort: number, serverHost: string) {
    this.#socket = socket;
    this.#serverPort = serverPort;
    this.#serverHost = serverHost;
    this.host = serverHost.includes(':') ? `[${serverHost}]` : serverHost;
    socket.on('message', (bytes) => {
      this.heard.push(bytes.toString('latin1'));
      this.#wake();
    });
  }

  static async open(serverPort: number, serverHost = HOST): Promise<RawPeer> {
    const socket = createSocket(serverHost.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, serverHost);
    await once(socket, 'listening');
    return new RawPeer(socket, serverPort, serverHost);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get contact(): string {
    return `sip:x@${this.host}:${this.port}`;
  }

  close(): void {
    this.#socket.close();
  }

  send(text: string): void {
    this.#socket.send(Buffer.from(text, 'latin1'), this.#serverPort, this.#serverHost);
  }

  /** The text of a request from here. */
  text(method: string, options: RawRequest = {}): string {
    serial += 1;
    const { uri = 'sip:ben@farm.test', from = '<sip:anna@farm.test>', to = '<sip:ben@farm.test>', body = '' } = options;
    const { callId = `call-${serial}-${this.port}`, cseq = 1, branch = `z9hG4bK${serial}x${this.port}` } = options;
    const { via = `SIP/2.0/UDP ${this.host}:${this.port};branch=${branch}`, maxForwards = 70 } = options;
    const contact = options.contact === undefined ? `<${this.contact}>` : options.contact;
    const toTag = options.toTag === undefined ? '' : `;tag=${options.toTag}`;
    return [
      `${method} ${uri} SIP/2.0`,
      `Via: ${via}`,
      ...(maxForwards === null ? [] : [`Max-Forwards: ${maxForwards}`]),
      `From: ${from};tag=f`,
      `To: ${to}${toTag}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      ...(contact === null ? [] : [`Contact: ${contact}`]),
      ...(options.lines ?? []),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  }

  /** The first thing heard that matches, taken away; what came before it stays. */
  async hears(pattern: RegExp, patienceMs = PATIENCE_MS): Promise<string> {
    const until = performance.now() + patienceMs;
    for (;;) {
      const at = this.heard.findIndex((text) => pattern.test(text));
      if (at >= 0) return this.heard.splice(at, 1)[0]!;
      const left = until - performance.now();
      if (left <= 0) throw new Error(`not heard: ${String(pattern)}, but ${JSON.stringify(this.heard)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The final answer to a request that is sent now. */
  async ask(method: string, options: RawRequest = {}): Promise<string> {
    const text = this.text(method, options);
    this.send(text);
    return await this.#answerTo(text, method);
  }

  /** Registers with the password; its final answer. */
  async register(user: string, options: RawRequest = {}): Promise<string> {
    const callId = `reg-${user}-${this.port}-${(serial += 1)}`;
    const to = `<sip:${user}@farm.test>`;
    return await this.askAs(user, 'REGISTER', { uri: 'sip:farm.test', from: to, to, callId, ...options });
  }

  /** As `ask`, with the password of the account when that is asked for. */
  async askAs(user: string, method: string, options: RawRequest = {}): Promise<string> {
    const {
      callId = `as-${user}-${this.port}-${(serial += 1)}`,
      cseq = 1,
      lines = [],
      uri = 'sip:ben@farm.test',
    } = options;
    const common = { from: `<sip:${user}@farm.test>`, ...options, uri, callId };
    const challenge = await this.ask(method, { ...common, cseq });
    const [, kind = '', nonce = ''] = /^(WWW|Proxy)-Authenticate: .*nonce="([^"]+)"/m.exec(challenge) ?? [];
    if (nonce === '') return challenge;
    this.send(this.#ackFor(challenge, method, { ...common, cseq }));
    const ha1 = hashHex('md5', `${user}:farm.test:secret`);
    const response = hashHex('md5', `${ha1}:${nonce}:00000001:c:auth:${hashHex('md5', `${method}:${uri}`)}`);
    const proof =
      `${kind === 'WWW' ? '' : 'Proxy-'}Authorization: Digest username="${user}", realm="farm.test", nonce="${nonce}", ` +
      `uri="${uri}", response="${response}", algorithm=MD5, cnonce="c", nc=00000001, qop=auth`;
    return await this.ask(method, { ...common, cseq: cseq + 1, lines: [...lines, proof] });
  }

  /** Answers a request that was heard. */
  answer(request: string, status: string, lines: readonly string[] = []): void {
    const kept = request.split('\r\n').filter((line) => /^(?:Via|From|Call-ID|CSeq|Record-Route):/i.test(line));
    const to = /^To: (.*)\r$/m.exec(request)?.[1] ?? '';
    const tag = to.includes(';tag=') ? '' : `;tag=t${this.port}`;
    this.send(
      [`SIP/2.0 ${status}`, ...kept, `To: ${to}${tag}`, `Contact: <${this.contact}>`, ...lines].join('\r\n') +
        '\r\nContent-Length: 0\r\n\r\n',
    );
  }

  /** Of an INVITE that was refused; nothing for any other method. */
  #ackFor(answer: string, method: string, options: RawRequest): string {
    if (method !== 'INVITE') return '\r\n';
    const via = fields(answer, 'Via')[0] ?? '';
    const toTag = /;tag=([^;\r]*)/.exec(fields(answer, 'To')[0] ?? '')?.[1] ?? '';
    return this.text('ACK', { ...options, via, toTag, lines: [] });
  }

  async #answerTo(request: string, method: string): Promise<string> {
    const callId = /^Call-ID: (.*)\r$/m.exec(request)?.[1] ?? '';
    const cseq = /^CSeq: (\d+)/m.exec(request)?.[1] ?? '';
    const escaped = callId.replace(/[^\w]/g, '\\$&');
    return await this.hears(
      new RegExp(`^SIP/2\\.0 [2-6]\\d\\d (?=[^]*Call-ID: ${escaped}\\r)(?=[^]*CSeq: ${cseq} ${method}\\r)`),
    );
  }
}

export const statusOf = (answer: string): number => Number(answer.slice(8, 11));

/** Values of a header field, one for each line. */
export function fields(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`^${name}: *(.*)\\r$`, 'gim'))].map(([, value]) => value!);
}
