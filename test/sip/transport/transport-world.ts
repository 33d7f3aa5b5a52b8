import { onTestFinished } from 'vitest';
import { silentLogger } from '#base';
import type {
  ByteStream,
  Datagram,
  WebSocketAcceptor,
  WebSocketChannel,
  WebSocketListenOptions,
  WebSockets,
  WebSocketSettings,
  WebSocketSink,
} from '#io';
import {
  MemoryDatagramNetwork,
  type MemoryDatagrams,
  MemoryNetwork,
  SeededRandom,
  simulatedIdentity,
  VirtualClock,
} from '#io/sim';
import type { BadMessage } from '../../../src/sip/message/bad-message.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';
import type { TransportSettings } from '../../../src/sip/transport/settings.ts';
import { SipTransport } from '../../../src/sip/transport/sip-transport.ts';

export const SERVER = '192.0.2.1';
export const SERVER6 = '2001:db8::1';
export const PHONE = '192.0.2.7';

export const defaultTransportSettings: TransportSettings = {
  plain: [{ host: undefined, port: 5060 }],
  tls: [{ host: undefined, port: 5061 }],
  ws: [{ host: undefined, port: 5080 }],
  wss: [],
  names: ['sip.example.org'],
  typeOfService: undefined,
  reusePort: false,
  connectionIdleMs: 3_600_000,
  verifyServers: false,
};

/** Networks in memory, with a transport layer on one machine and telephones on others. */
export class TransportWorld {
  readonly clock = new VirtualClock();
  readonly datagramNetwork = new MemoryDatagramNetwork({ clock: this.clock, random: new SeededRandom(1) });
  readonly machine = this.datagramNetwork.machine(SERVER, SERVER6);
  readonly streams = new MemoryNetwork({ clock: this.clock, random: new SeededRandom(2) });
  readonly webSockets = new MemoryWebSockets();
  readonly messages: { readonly message: SipMessage; readonly hop: Hop }[] = [];
  readonly bad: { readonly bad: BadMessage; readonly hop: Hop }[] = [];
  readonly ended: Hop[] = [];
  readonly transport: SipTransport;
  readonly #phones = new Map<string, MemoryDatagrams>();

  constructor(settings: Partial<TransportSettings> = {}) {
    this.transport = new SipTransport(
      {
        clock: this.clock,
        random: new SeededRandom(3),
        logger: silentLogger,
        datagrams: this.machine,
        network: this.streams.host(SERVER).network,
        webSockets: this.webSockets,
        identity: () => simulatedIdentity('sip.example.org'),
      },
      { ...defaultTransportSettings, ...settings },
    );
    this.transport.listen({
      message: (message, hop) => this.messages.push({ message, hop }),
      bad: (bad, hop) => this.bad.push({ bad, hop }),
      flowEnded: (hop) => this.ended.push(hop),
    });
  }

  async start(): Promise<this> {
    await this.transport.start();
    onTestFinished(() => this.transport.stop());
    return this;
  }

  /** Lets so much time pass, and everything happen that promises bring about. */
  async pass(ms = 50): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      this.clock.advance(Math.min(left, 10));
      for (let turn = 0; turn < 12; turn++) await Promise.resolve();
    }
  }

  async phone(address = PHONE, port = 5060): Promise<UdpPhone> {
    const machine = this.#phones.get(address) ?? this.datagramNetwork.machine(address);
    this.#phones.set(address, machine);
    return new UdpPhone(await machine.bind({ host: address, port }));
  }

  /** A telephone that has dialled the server. */
  async connect(options: { readonly tls?: boolean; readonly address?: string } = {}): Promise<StreamPhone> {
    const { tls = false, address = PHONE } = options;
    const dialling = this.streams
      .machine(address)
      .dial({ host: SERVER, port: tls ? 5061 : 5060, tls, timeoutMs: 1000 });
    await this.pass();
    return new StreamPhone(await dialling);
  }

  /** The latest message that came in. */
  get last(): { readonly message: SipMessage; readonly hop: Hop } {
    return this.messages.at(-1)!;
  }
}

interface Letter {
  readonly text: string;
  readonly from: string;
}

export class UdpPhone {
  readonly letters: Letter[] = [];
  readonly #socket: Datagram;

  constructor(socket: Datagram) {
    this.#socket = socket;
    socket.receive({
      received: (bytes, address, port) => this.letters.push({ text: bytes.toString(), from: `${address}:${port}` }),
    });
  }

  send(text: string | Buffer, to = SERVER): void {
    this.#socket.send(Buffer.from(text), to, 5060);
  }
}

export class StreamPhone {
  readonly stream: ByteStream;
  text = '';
  isClosed = false;

  constructor(stream: ByteStream) {
    this.stream = stream;
    stream.receive({
      data: (chunk) => (this.text += chunk.toString()),
      closed: () => (this.isClosed = true),
    });
  }

  send(text: string): void {
    this.stream.write(Buffer.from(text));
  }
}

/** WebSockets as far as the transport layer sees them. */
export class MemoryWebSockets implements WebSockets {
  readonly listening: WebSocketListenOptions[] = [];

  listen(options: WebSocketListenOptions): ReturnType<WebSockets['listen']> {
    this.listening.push(options);
    return Promise.resolve({ local: { address: options.host, port: options.port }, close: () => Promise.resolve() });
  }

  acceptor(options: WebSocketSettings): WebSocketAcceptor {
    const accept = (stream: ByteStream): void => options.connected(new MemoryChannel(stream.remote.address));
    return { accept, close: () => undefined };
  }

  join(remote = PHONE): MemoryChannel | undefined {
    const [options] = this.listening;
    if (options?.admit({ address: remote, port: 40_000 }) !== true) return undefined;
    const channel = new MemoryChannel(remote);
    options.connected(channel);
    return channel;
  }
}

class MemoryChannel implements WebSocketChannel {
  readonly remote;
  readonly local = { address: SERVER, port: 5080 };
  readonly sent: string[] = [];
  sink: WebSocketSink | undefined;
  isClosed = false;
  queuedBytes = 0;

  constructor(remote: string) {
    this.remote = { address: remote, port: 40_000 };
  }

  receive(sink: WebSocketSink): void {
    this.sink = sink;
  }

  send(bytes: Buffer): void {
    this.sent.push(bytes.toString());
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.sink?.closed();
  }

  destroy(): void {
    this.close();
  }
}

/** An OPTIONS request as a telephone writes it. */
export function options(via: string, headers: readonly string[] = [], body = ''): string {
  return [
    'OPTIONS sip:sip.example.org SIP/2.0',
    `Via: SIP/2.0/${via}`,
    'From: <sip:alice@example.org>;tag=1',
    'To: <sip:bob@example.org>',
    'Call-ID: c1',
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    ...headers,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** Its answer, as far as the transport layer looks at it. */
export const answer = Buffer.from('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
