import { Connection } from './connection.ts';
import type { Poll } from './poll.ts';
import { answerOf, bodyOf, type Script } from './script.ts';
import { encodePackRequest } from '../../../src/softether/codec/http-pack.ts';
import { Pack } from '#softether';

/** `[u32 0xFFFFFFFF][u32 size 0]` */
const KEEP_ALIVE = Buffer.from('ffffffff00000000', 'hex');
const MAX_REDIRECTS = 3;
const NOTHING = Buffer.alloc(0);

/** What all clients of a storm share. */
export interface StormHome {
  readonly poll: Poll;
  readonly context: number;
  /** For a server of this address. */
  scriptFor(host: string): Script;
}

export interface ClientObserver {
  /** Of one client: its session is up, or never will be. */
  settled(client: StormClient, failure: string | undefined): void;
  /** The session that was up has ended, and not from this side. */
  lost(client: StormClient): void;
}

/** One log-in, by way of redirects, and then an idle session. */
export class StormClient {
  readonly startedMs = performance.now();
  /** Where the session lives. */
  place = '';
  readonly #home: StormHome;
  readonly #observer: ClientObserver;
  #connection: Connection;
  #script: Script;
  #ticket: Buffer | undefined;
  #hops = 0;
  #phase: 'hello' | 'answer' | 'session' | 'over' = 'hello';
  #unread = NOTHING;

  constructor(home: StormHome, address: string, port: number, observer: ClientObserver) {
    this.#home = home;
    this.#observer = observer;
    this.#script = home.scriptFor(address);
    this.#connection = this.#dial(address, port);
  }

  get tls(): number {
    return this.#connection.tls;
  }

  get isUp(): boolean {
    return this.#phase === 'session';
  }

  get isClosed(): boolean {
    return this.#connection.isClosed;
  }

  keepAlive(): void {
    if (this.isUp) this.#connection.write(KEEP_ALIVE);
  }

  close(): void {
    this.#phase = 'over';
    this.#connection.close();
  }

  free(): void {
    this.#connection.free();
  }

  fail(why: string): void {
    this.#phase = 'over';
    this.#connection.free();
    this.#observer.settled(this, why);
  }

  #dial(address: string, port: number): Connection {
    const { poll, context } = this.#home;
    this.place = `${address}:${port}`;
    return new Connection(poll, context, address, port, {
      secured: () => this.#connection.write(this.#script.signature),
      data: (bytes) => this.#take(bytes),
      ended: (why) => this.#ended(why),
    });
  }

  #take(bytes: Buffer): void {
    if (this.#phase === 'session' || this.#phase === 'over') return;
    const all = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    const message = bodyOf(all);
    if (message === undefined) {
      this.#unread = Buffer.from(all);
      return;
    }
    this.#unread = NOTHING;
    if (this.#phase === 'hello') this.#greeted(message);
    else this.#answered(message);
  }

  #greeted(hello: Buffer): void {
    const login = this.#script.login(hello, this.#ticket);
    if (login === undefined) {
      this.fail('the server does not greet as a VPN server does');
      return;
    }
    this.#phase = 'answer';
    this.#connection.write(login);
  }

  #answered(body: Buffer): void {
    const answer = answerOf(body);
    switch (answer.kind) {
      case 'welcome':
        this.#phase = 'session';
        this.keepAlive();
        this.#observer.settled(this, undefined);
        return;
      case 'error':
        this.fail(answer.why);
        return;
      case 'redirect':
        this.#follow(answer.address, answer.ports, answer.ticket);
    }
  }

  #follow(address: string, ports: readonly number[], ticket: Buffer): void {
    if (++this.#hops > MAX_REDIRECTS) {
      this.fail('sent round in circles');
      return;
    }
    const [from = '', port = ''] = this.place.split(':');
    const left = this.#connection;
    // The original says "understood" with an empty PACK.
    left.write(encodePackRequest(new Pack(), from));
    left.close();
    this.#phase = 'hello';
    this.#ticket = Buffer.from(ticket);
    const to = address === '0.0.0.0' ? from : address;
    this.#script = this.#home.scriptFor(to);
    this.#connection = this.#dial(to, ports.includes(Number(port)) ? Number(port) : ports[0]!);
  }

  #ended(why: string): void {
    if (this.#phase === 'session') {
      this.#phase = 'over';
      this.#observer.lost(this);
    } else this.fail(why);
  }
}
