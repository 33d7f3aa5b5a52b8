import { silentLogger } from '#base';
import { SeededRandom, VirtualClock } from '#io/sim';
import type { Account } from '../../../src/sip/accounts/account.ts';
import type { AuthVerdict } from '../../../src/sip/accounts/authenticator.ts';
import { defaultCoreSettings, type CoreSettings } from '../../../src/sip/core/settings.ts';
import type { AccountAgent } from '../../../src/sip/core/account-agent.ts';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import type { SipUri } from '../../../src/sip/message/sip-uri.ts';
import type { Via } from '../../../src/sip/message/via.ts';
import type { SipAccounts } from '../../../src/sip/open-accounts.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import { createSipServer, type SipServer, type SipServices } from '../../../src/sip/server.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';
import type { Target } from '../../../src/sip/transport/target.ts';
import type { TransportLayer, TransportListener } from '../../../src/sip/transport/transport-layer.ts';
import { viaTransport, type TransportName } from '../../../src/sip/transport/transport-name.ts';
import { wordOf } from '../transaction/wire.ts';

export const SERVER = '192.0.2.1';

/** Something that the server sent. */
export interface Out {
  readonly atMs: number;
  /** `udp 192.0.2.7:5060` */
  readonly to: string;
  readonly connectionId: number;
  readonly message: SipMessage;
  readonly text: string;
  readonly failed: (error: Error) => void;
}

export interface PhoneOptions {
  readonly address: string;
  readonly port?: number;
  readonly transport?: TransportName;
  readonly connectionId?: number;
}

export interface RequestOptions {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly sentBy?: string;
  readonly contact?: string;
  readonly maxForwards?: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

export interface AnswerOptions {
  readonly toTag?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

export interface SipWorldOptions {
  readonly settings?: Partial<CoreSettings>;
  readonly agent?: AccountAgent;
  readonly media?: NonNullable<SipServices['media']>;
  readonly notReady?: () => string | undefined;
  /** Real ones, instead of those of the test. Who sends a request is for `verdict` to say all the same. */
  readonly accounts?: Pick<SipAccounts, 'directory' | 'location' | 'registrar'>;
}

/** A SIP server with everything around it replaced: no sockets, a virtual clock, accounts and bindings as the test says. */
export class SipWorld {
  readonly clock = new VirtualClock();
  readonly out: Out[] = [];
  readonly records: Record<string, unknown>[] = [];
  readonly accounts = new Map<string, Account>();
  readonly bindings = new Map<string, Binding[]>();
  /** Names of hosts and their servers, for the locator. */
  readonly hosts = new Map<string, Target[]>();
  /** Names that the locator asks somebody for before it knows. */
  readonly slowHosts = new Map<string, Target[]>();
  readonly failedTargets: string[] = [];
  readonly deadFlows = new Set<number>();
  readonly server: SipServer;
  verdict: (request: SipMessage) => AuthVerdict = () => ({
    kind: 'challenge',
    status: 407,
    headers: [[HeaderId.ProxyAuthenticate, 'Digest realm="example.org", nonce="n"']],
    isStale: false,
  });
  readonly registered: SipMessage[] = [];
  #listener: TransportListener | undefined;
  #serial = 0;

  constructor(options: SipWorldOptions = {}) {
    const settings = { ...defaultCoreSettings, trusted: ['192.0.2.0/24'], ...options.settings };
    this.server = createSipServer({
      clock: this.clock,
      random: new SeededRandom(7),
      logger: silentLogger,
      transport: this.#transport(),
      locator: {
        locateNow: (uri) => this.#locate(uri),
        locate: (uri) => Promise.resolve(this.slowHosts.get(uri.host) ?? []),
        failed: (target) => this.failedTargets.push(textOf(target)),
      },
      directory: {
        isLocal: (host) => host === 'example.org',
        find: (user, host) => (host === 'example.org' ? this.accounts.get(user) : undefined),
        named: (user, host) => (host === 'example.org' ? this.accounts.get(user) : undefined),
        accountOfNumber: (text) => this.accounts.get(text),
      },
      authenticator: { verify: (request) => this.verdict(request) },
      location: {
        lookup: (aor) => this.bindings.get(aor) ?? [],
        aors: () => this.bindings.keys(),
        onChange: () => () => undefined,
      },
      registrar: {
        handle: (transaction, incoming) => {
          this.registered.push(incoming.message);
          const { message } = incoming;
          const lines = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map(
            (name) => `${name}: ${message.valueOf(name) ?? ''}`,
          );
          transaction.respond(Buffer.from(`SIP/2.0 200 OK\r\n${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`), 200);
        },
      },
      ...(options.accounts && {
        directory: options.accounts.directory,
        location: options.accounts.location,
        registrar: options.accounts.registrar,
      }),
      ...(options.agent && { agent: options.agent }),
      ...(options.media && { media: options.media }),
      ...(options.notReady && { notReady: options.notReady }),
      callRecords: {
        write: (line) => {
          this.records.push(JSON.parse(line) as Record<string, unknown>);
          return true;
        },
      },
      member: 'm1',
      secret: Buffer.from('0123456789abcdef'),
      settings,
    });
    this.server.start();
    for (const user of ['alice', 'bob', 'carol']) this.account(user);
  }

  account(user: string): Account {
    const account: Account = {
      user,
      domain: 'example.org',
      aor: `${user}@example.org`,
      ha1Md5: '',
      ha1Sha256: '',
      ha1Sha512: '',
      ha1bMd5: '',
      aliases: [],
      displayName: '',
      isEnabled: true,
      maxContacts: 0,
      createdAtMs: 0,
      updatedAtMs: 0,
    };
    this.accounts.set(user, account);
    return account;
  }

  /** Registers a contact of `user` at the phone. */
  bind(user: string, phone: Phone, changes: Partial<Binding> = {}): void {
    const aor = `${user}@example.org`;
    const { address, port, transport, connectionId } = phone.options;
    const binding: Binding = {
      uri: phone.contact(user),
      params: '',
      q: 1000,
      expiresAtS: Number.MAX_SAFE_INTEGER,
      grantedS: 3600,
      keptUntilS: Number.MAX_SAFE_INTEGER,
      callId: 'r',
      cseq: 1,
      instance: '',
      regId: 0,
      path: [],
      flow: { member: '', transport, address, port, socketId: 1, connectionId },
      isBehindNat: false,
      userAgent: '',
      ...changes,
    };
    this.bindings.set(aor, [...(this.bindings.get(aor) ?? []), binding]);
  }

  phone(options: PhoneOptions): Phone {
    return new Phone(this, { port: 5060, transport: 'udp', connectionId: 0, ...options });
  }

  receive(text: string | Buffer, hop: Hop): void {
    const bytes = typeof text === 'string' ? Buffer.from(text.replaceAll(/\r?\n/g, '\r\n'), 'latin1') : text;
    const decoded = decodeMessage(bytes);
    if (decoded instanceof SipMessage) this.#listener?.message(decoded, hop);
    else this.#listener?.bad(decoded, hop);
  }

  next(): number {
    return ++this.#serial;
  }

  /** What was sent since the last call, as `180 → udp 192.0.2.7:5060`. */
  take(): string[] {
    return this.out.splice(0).map(({ message, to }) => `${wordOf(message)} → ${to}`);
  }

  /** The latest thing that was sent to the phone, of this method or with this status. */
  last(phone: Phone, word: string): SipMessage {
    const found = this.out.findLast((out) => out.to === phone.name && wordOf(out.message) === word);
    if (found === undefined) throw new Error(`no ${word} was sent to ${phone.name}: ${JSON.stringify(this.words())}`);
    return found.message;
  }

  words(): string[] {
    return this.out.map(({ message, to }) => `${wordOf(message)} → ${to}`);
  }

  #locate(uri: SipUri): Target[] | undefined {
    const named = this.hosts.get(uri.host);
    if (named !== undefined) return named;
    if (this.slowHosts.has(uri.host)) return undefined;
    if (!/^[\d.]+$|:/.test(uri.host)) return [];
    const transport = (uri.param('transport') ?? (uri.scheme === 'sips' ? 'tls' : 'udp')) as TransportName;
    return [{ transport, address: uri.host, port: uri.port ?? 5060 }];
  }

  #transport(): TransportLayer {
    const put = (bytes: Buffer, to: string, connectionId: number, failed: (error: Error) => void): void => {
      const message = decodeMessage(Buffer.from(bytes));
      if (!(message instanceof SipMessage))
        throw new Error(`the server sent a bad message: ${message.reason}\n${bytes.toString()}`);
      this.out.push({ atMs: this.clock.nowMs(), to, connectionId, message, text: bytes.toString('latin1'), failed });
    };
    return {
      listen: (listener) => {
        this.#listener = listener;
      },
      respond: (bytes, hop: Hop, via: Via) => {
        const port = hop.transport === 'udp' && via.rport === undefined ? (via.port ?? 5060) : hop.remotePort;
        put(bytes, `${hop.transport} ${hop.remoteAddress}:${port}`, hop.connectionId, () => undefined);
      },
      send: (bytes, target, failed) => put(bytes, textOf(target), target.connectionId ?? 0, failed),
      viaFor: ({ transport }) => ({ sentBy: `${SERVER}:5060`, transport: viaTransport[transport] }),
      isOwnAddress: (host, port) => (host === SERVER || host === 'sip.example.org') && (port ?? 5060) === 5060,
      hasFlow: (connectionId) => !this.deadFlows.has(connectionId),
      figures: () => {
        throw new Error('not asked for here');
      },
    };
  }
}

const textOf = ({ transport, address, port }: Target): string => `${transport} ${address}:${port}`;

/** Somebody at an address who talks SIP with the server. */
export class Phone {
  readonly options: Required<PhoneOptions>;
  readonly hop: Hop;
  readonly #world: SipWorld;

  constructor(world: SipWorld, options: Required<PhoneOptions>) {
    this.#world = world;
    this.options = options;
    this.hop = {
      transport: options.transport,
      local: { address: SERVER, port: 5060 },
      socketId: 1,
      remoteAddress: options.address,
      remotePort: options.port,
      connectionId: options.connectionId,
      receivedMs: 0,
    };
  }

  get name(): string {
    const { transport, address, port } = this.options;
    return `${transport} ${address}:${port}`;
  }

  contact(user: string): string {
    const { transport, address, port } = this.options;
    return `sip:${user}@${address}:${port}${transport === 'udp' ? '' : `;transport=${transport}`}`;
  }

  /** The text of a request from here. */
  text(method: string, options: RequestOptions = {}): string {
    const { address, port, transport } = this.options;
    const {
      uri = 'sip:bob@example.org',
      from = 'sip:alice@example.org',
      to = 'sip:bob@example.org',
      fromTag = 'a1',
      callId = 'call1',
      cseq = 1,
      branch = `z9hG4bKp${this.#world.next()}`,
      sentBy = `${address}:${port}`,
      contact = `sip:alice@${address}:${port}`,
      maxForwards = 70,
      headers = [],
      body = '',
    } = options;
    const toTag = options.toTag === undefined ? '' : `;tag=${options.toTag}`;
    return [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/${viaTransport[transport]} ${sentBy};branch=${branch}`,
      ...headers,
      `Max-Forwards: ${maxForwards}`,
      `From: <${from}>;tag=${fromTag}`,
      `To: <${to}>${toTag}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <${contact}>`,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  }

  /** Sends a request and returns its text, to be sent again. */
  send(method: string, options: RequestOptions = {}): string {
    const text = this.text(method, options);
    this.#world.receive(text, this.hop);
    return text;
  }

  /** Answers the latest request of this method that came here. */
  answer(method: string, status: number, options: AnswerOptions = {}): void {
    const request = this.#world.last(this, method);
    this.answerTo(request, status, options);
  }

  answerTo(
    request: SipMessage,
    status: number,
    { toTag = `t-${this.options.address}`, headers = [], body = '' }: AnswerOptions = {},
  ): void {
    const to = request.value(HeaderId.To) ?? '';
    const text = [
      `SIP/2.0 ${status} Reason`,
      ...request.values(HeaderId.Via).map((via) => `Via: ${via}`),
      ...request.values(HeaderId.RecordRoute).map((route) => `Record-Route: ${route}`),
      `From: ${request.value(HeaderId.From) ?? ''}`,
      `To: ${to}${request.to().tag === undefined && status > 100 ? `;tag=${toTag}` : ''}`,
      `Call-ID: ${request.callId()}`,
      `CSeq: ${request.cseq().number} ${request.method}`,
      `Contact: <${this.contact('x')}>`,
      ...headers,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
    this.#world.receive(text, this.hop);
  }
}

/** Route lines of the caller's later requests: the Record-Route of the answer, last first. */
export const routesOfCaller = (answer: SipMessage): string[] =>
  answer
    .elements(HeaderId.RecordRoute)
    .reverse()
    .map((route) => `Route: ${route}`);

/** Of the callee's: in the order of the request. */
export const routesOfCallee = (request: SipMessage): string[] =>
  request.elements(HeaderId.RecordRoute).map((route) => `Route: ${route}`);
