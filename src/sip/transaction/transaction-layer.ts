import type { Clock, Random } from '#io';
import type { ResponseOptions } from '../message/build.ts';
import { ownText } from '../message/characters.ts';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { Via } from '../message/via.ts';
import type { Hop } from '../transport/hop.ts';
import { AnswerPlaces } from '../transport/answer-places.ts';
import type { AnswerPlace, TransportLayer } from '../transport/transport-layer.ts';
import type { BranchCodec, BranchId, BranchParts, BranchSeed } from './branch.ts';
import { ClientTable } from './client-table.ts';
import type { ClientEnvironment, ClientTransaction, ClientUser } from './client-transaction.ts';
import { reply } from './reply.ts';
import { keyOf } from './matching-key.ts';
import { ServerTable } from './server-table.ts';
import { ServerTransaction, type ServerEnvironment } from './server-transaction.ts';
import { StatelessTag } from './stateless-tag.ts';
import type { ShortMac } from './short-mac.ts';
import type { TimerWheel } from './timer-wheel.ts';
import { timesFor, type TimerSettings } from './times.ts';

/** The core: what a transaction has no answer to. */
export interface TransactionUser {
  /** A request that belongs to no transaction, other than ACK and CANCEL. Not answered yet; `accept` makes a transaction. */
  request(message: SipMessage, hop: Hop): void;
  /** An ACK for a 2xx: end to end (RFC 3261 §13.2.2.4). */
  ack(message: SipMessage, hop: Hop): void;
  /** A response to nothing that is known here (RFC 3261 §16.7 item 1; RFC 6026 §7.3). */
  strayResponse(message: SipMessage, hop: Hop): void;
  /** A CANCEL without the request that it takes back. */
  strayCancel(message: SipMessage, hop: Hop): void;
}

/** Above these, new requests get 503; what goes on ends as it should. */
export interface TransactionLimits {
  readonly maxServerTransactions: number;
  readonly maxClientTransactions: number;
}

export const defaultTransactionLimits: TransactionLimits = {
  maxServerTransactions: 400_000,
  maxClientTransactions: 400_000,
};

export interface TransactionFigures {
  readonly serverTransactions: number;
  readonly clientTransactions: number;
  /** Requests that came again and went no further. */
  readonly absorbed: number;
  /** Requests of ours that went out again. */
  readonly retransmitted: number;
  /** New requests without room for them. */
  readonly refused: number;
}

export interface TransactionServices {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly transport: Pick<TransportLayer, 'respond' | 'send'>;
  readonly branches: BranchCodec;
  readonly mac: ShortMac;
  readonly timers: TimerSettings;
  readonly limits?: TransactionLimits;
  /** A final response has been given to a request of that method. */
  readonly answered?: (method: string, status: number) => void;
}

/** RFC 3261 §17: messages in, what is new to the core. */
export class TransactionLayer {
  readonly statelessTag: StatelessTag;
  readonly #services: TransactionServices;
  readonly #limits: TransactionLimits;
  readonly #user: TransactionUser;
  readonly #servers: ServerTable;
  readonly #clients: ClientTable;
  readonly #serverEnvironment: ServerEnvironment;
  readonly #clientEnvironment: ClientEnvironment;
  /** Of requests of our own: another one after each start. */
  readonly #ownSeed: BranchSeed;
  #serial = 0;
  #absorbed = 0;
  #retransmitted = 0;
  #refused = 0;

  constructor(services: TransactionServices, user: TransactionUser) {
    const { transport, wheel, timers, limits = defaultTransactionLimits, random } = services;
    this.#services = services;
    this.#limits = limits;
    this.#user = user;
    this.#servers = new ServerTable(services.mac);
    this.statelessTag = new StatelessTag(services.mac);
    const times = { wheel, datagramTimes: timesFor(timers, false), streamTimes: timesFor(timers, true) };
    this.#serverEnvironment = {
      ...times,
      places: new AnswerPlaces(),
      transmit: (bytes, hop, place) => transport.respond(bytes, hop, place),
      trying: (request, hop) => reply(request, hop, 100),
      passAck: (_transaction, ack, hop) => this.#user.ack(ack, hop),
      release: (transaction) => this.#servers.remove(transaction),
      answered: (method, status) => services.answered?.(method, status),
      absorbed: () => {
        this.#absorbed++;
      },
    };
    this.#clientEnvironment = {
      ...times,
      transmit: (bytes, target, failed) => transport.send(bytes, target, failed),
      open: (method, clientUser, branch) => this.#open(method, clientUser, branch),
      viaParams: (branch) => services.branches.viaParams(branch),
      release: (transaction) => this.#clients.release(transaction),
      repeated: () => {
        this.#retransmitted++;
      },
    };
    this.#clients = new ClientTable(limits.maxClientTransactions, this.#clientEnvironment);
    this.#ownSeed = { high: random.below(2 ** 32) | 0, low: random.below(2 ** 32) | 0, loopHash: 0 };
  }

  get figures(): TransactionFigures {
    return {
      serverTransactions: this.#servers.size,
      clientTransactions: this.#clients.size,
      absorbed: this.#absorbed,
      retransmitted: this.#retransmitted,
      refused: this.#refused,
    };
  }

  /** No room for more: what can do without a transaction should. */
  get isFull(): boolean {
    const { maxServerTransactions, maxClientTransactions } = this.#limits;
    return this.#servers.size >= maxServerTransactions || this.#clients.size >= maxClientTransactions;
  }

  /** A transaction of this member is what the message belongs to. */
  knows(message: SipMessage): boolean {
    if (!message.isRequest) {
      const parts = this.#partsOf(message);
      return parts !== undefined && this.#clients.find(parts, message.method) !== undefined;
    }
    const via = message.topVia();
    if (via === undefined) return false;
    const { method } = message;
    const key = keyOf(message, via);
    if (this.#servers.find(key, via, method) !== undefined) return true;
    return method === 'CANCEL' && this.#servers.findCancelled(key, via) !== undefined;
  }

  /** A request of this member waits for the response with that branch. */
  knowsBranch({ high, low }: BranchId): boolean {
    return this.#clients.has(high, low);
  }

  /** A request with that branch, which is text in `bytes`, may have a transaction here. */
  mayKnow(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#servers.mayHave(bytes, start, end);
  }

  receive(message: SipMessage, hop: Hop): void {
    if (message.isRequest) this.#request(message, hop);
    else this.#response(message, hop);
  }

  /** The server transaction for a new request. undefined: no room, a 503 has been sent. */
  accept(message: SipMessage, hop: Hop): ServerTransaction | undefined {
    const via = message.topVia();
    if (via === undefined) return undefined;
    if (this.#servers.size >= this.#limits.maxServerTransactions) {
      this.#refused++;
      this.respondStatelessly(message, hop, 503, { headers: [[HeaderId.RetryAfter, '5']] });
      return undefined;
    }
    const key = ownText(keyOf(message, via));
    const transaction = new ServerTransaction(message.method, key, hop, via, this.#serverEnvironment, message);
    this.#servers.add(transaction);
    return transaction;
  }

  /**
   * For a new INVITE that is not made a message of, with a unique branch; `via`: its top one. Its user answers it at once, if only with
   * 100. There must be room: see `isFull`.
   */
  acceptInvite(branch: string, hop: Hop, via: AnswerPlace): ServerTransaction {
    const transaction = new ServerTransaction('INVITE', branch, hop, via, this.#serverEnvironment, undefined);
    this.#servers.add(transaction);
    return transaction;
  }

  /** As `accept`, for a request that ends at this server: a copy of it that came another way gets 482 (RFC 3261 §8.2.2.2). */
  acceptEnd(message: SipMessage, hop: Hop): ServerTransaction | undefined {
    if (message.to().tag === undefined && this.#servers.hasMerged(message)) {
      this.respondStatelessly(message, hop, 482, { reason: 'Merged Request' });
      return undefined;
    }
    const transaction = this.accept(message, hop);
    if (transaction !== undefined) this.#servers.addEnd(transaction, message);
    return transaction;
  }

  /**
   * A client transaction, to be started with a request that has its `viaParams` in the top Via. undefined: no room. `target`
   * and `attempt` tell the copies of one request apart; without a seed it is a request of our own.
   */
  client(method: string, user: ClientUser, seed?: BranchSeed, target = '', attempt = 0): ClientTransaction | undefined {
    const transaction = this.#clients.take();
    if (transaction === undefined) {
      this.#refused++;
      return undefined;
    }
    const from = seed ?? this.#ownSeed;
    const id = seed === undefined ? this.#freeId(from, '', ++this.#serial) : this.#freeId(from, target, attempt);
    this.#clients.enter(transaction, id.high, id.low);
    transaction.open(method, user, this.#services.branches.encodeFor(from, id));
    return transaction;
  }

  /** RFC 3261 §8.2.7: an answer that nothing is remembered of; the same request gets the same one again. */
  respondStatelessly(message: SipMessage, hop: Hop, status: number, options?: Omit<ResponseOptions, 'toTag'>): void {
    const via = message.topVia();
    if (via === undefined || message.method === 'ACK') return;
    const bytes = reply(message, hop, status, { ...options, toTag: this.statelessTag.of(message, via) });
    this.#services.answered?.(message.method, status);
    this.#services.transport.respond(bytes, hop, via);
  }

  /** Forgets everything, at once and silently. */
  stop(): void {
    for (const one of [...this.#clients]) one.abandon();
    this.#services.wheel.stop();
  }

  /** Two copies that go to the same place (by two flows, or once more) are two attempts. */
  #freeId(seed: BranchSeed, target: string, attempt: number): BranchId {
    const { branches } = this.#services;
    let id = branches.idOf(seed, target, attempt);
    for (let next = attempt + 1; this.#clients.has(id.high, id.low); next++) id = branches.idOf(seed, target, next);
    return id;
  }

  #open(method: string, user: ClientUser, branch: string): ClientTransaction | undefined {
    const transaction = this.#clients.take();
    transaction?.open(method, user, branch);
    return transaction;
  }

  #request(message: SipMessage, hop: Hop): void {
    const via = message.topVia();
    if (via === undefined) return;
    const { method } = message;
    const key = keyOf(message, via);
    const known = this.#servers.find(key, via, method);
    if (method === 'ACK') this.#ack(message, hop, known);
    else if (known !== undefined) known.repeat();
    else if (method === 'CANCEL') this.#cancel(message, hop, via, this.#servers.findCancelled(key, via));
    else this.#user.request(message, hop);
  }

  #ack(message: SipMessage, hop: Hop, known: ServerTransaction | undefined): void {
    if (known !== undefined) known.acknowledge(message, hop);
    // For an answer that we gave without a transaction: it has done its work.
    else if (!this.statelessTag.isIn(message)) this.#user.ack(message, hop);
  }

  /** RFC 3261 §9.2 and §16.10. */
  #cancel(message: SipMessage, hop: Hop, via: Via, cancelled: ServerTransaction | undefined): void {
    if (cancelled === undefined) {
      this.#user.strayCancel(message, hop);
      return;
    }
    const transaction = this.accept(message, hop);
    transaction?.respond(reply(message, hop, 200, { toTag: this.statelessTag.of(message, via) }), 200);
    cancelled.user?.cancelled(cancelled, message);
  }

  #response(message: SipMessage, hop: Hop): void {
    const parts = this.#partsOf(message);
    // RFC 3261 §18.1.2: not a branch of ours, so it is not an answer to us.
    if (parts === undefined) return;
    // Whatever member the Via names: another one may have taken its work over, this one too.
    const transaction = this.#clients.find(parts, message.method);
    if (transaction === undefined) this.#stray(message, hop);
    else transaction.receive(message);
  }

  /** Of the branch of ours that a response has; undefined: it has none. */
  #partsOf(message: SipMessage): BranchParts | undefined {
    const { branches } = this.#services;
    const { bytes, places } = message;
    if (places !== undefined) return branches.decodeAt(bytes, places.branchStart, places.branchEnd);
    const branch = message.topVia()?.branch;
    return branch === undefined ? undefined : branches.decode(branch);
  }

  /** A BYE that was passed on without a transaction is answered like this. */
  #stray(message: SipMessage, hop: Hop): void {
    if (message.method === 'BYE' && message.status >= 200) this.#services.answered?.('BYE', message.status);
    this.#user.strayResponse(message, hop);
  }
}
