import { VirtualClock, SeededRandom } from '#io/sim';
import { BranchCodec } from '../../../src/sip/transaction/branch.ts';
import { ShortMac } from '../../../src/sip/transaction/short-mac.ts';
import { TimerWheel } from '../../../src/sip/transaction/timer-wheel.ts';
import {
  TransactionLayer,
  type TransactionLimits,
  type TransactionUser,
} from '../../../src/sip/transaction/transaction-layer.ts';
import type { ServerTransaction } from '../../../src/sip/transaction/server-transaction.ts';
import { defaultTimerSettings, type TimerSettings } from '../../../src/sip/transaction/times.ts';
import type { ClientTransaction, ClientUser } from '../../../src/sip/transaction/client-transaction.ts';
import { decodeMessage } from '../../../src/sip/message/decode.ts';
import { SipMessage } from '../../../src/sip/message/sip-message.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';
import type { Target } from '../../../src/sip/transport/target.ts';
import type { TransportName } from '../../../src/sip/transport/transport-name.ts';

export interface Sent {
  readonly atMs: number;
  readonly message: SipMessage;
  readonly bytes: Buffer;
}

export function messageOf(text: string): SipMessage {
  const message = decodeMessage(Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'));
  if (message instanceof SipMessage) return message;
  throw new Error(`the test's message is bad: ${message.reason}`);
}

export const hopOver = (transport: TransportName, remoteAddress = '192.0.2.7', remotePort = 5060): Hop => ({
  transport,
  local: { address: '192.0.2.1', port: 5060 },
  socketId: 1,
  remoteAddress,
  remotePort,
  connectionId: transport === 'udp' ? 0 : 17,
  receivedMs: 0,
});

export const targetOver = (transport: TransportName): Target => ({ transport, address: '192.0.2.9', port: 5060 });

export interface RequestText {
  readonly branch?: string;
  readonly sentBy?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly toTag?: string;
  readonly uri?: string;
}

/** A request as a telephone sends it. */
export function requestText(method: string, parts: RequestText = {}): string {
  const {
    branch = 'z9hG4bKtest1',
    sentBy = '192.0.2.7:5060',
    callId = 'call-1',
    cseq = 1,
    uri = 'sip:bob@example.org',
  } = parts;
  const toTag = parts.toTag === undefined ? '' : `;tag=${parts.toTag}`;
  const via = branch === '' ? `Via: SIP/2.0/UDP ${sentBy}` : `Via: SIP/2.0/UDP ${sentBy};branch=${branch}`;
  return `${method} ${uri} SIP/2.0
${via}
Max-Forwards: 70
From: <sip:alice@example.org>;tag=from1
To: <sip:bob@example.org>${toTag}
Call-ID: ${callId}
CSeq: ${cseq} ${method}
Content-Length: 0

`;
}

export function responseText(request: SipMessage, status: number, toTag = 'to1'): string {
  return `SIP/2.0 ${status} Whatever
${request
  .values(30)
  .map((via) => `Via: ${via}\n`)
  .join('')}From: ${request.value(1) ?? ''}
To: ${request.value(2) ?? ''}${request.to().tag === undefined && status > 100 ? `;tag=${toTag}` : ''}
Call-ID: ${request.callId()}
CSeq: ${request.cseq().number} ${request.method}
Content-Length: 0

`;
}

/** What a client transaction told its user, as words. */
export class RecordingUser implements ClientUser {
  readonly told: string[] = [];

  response(_transaction: ClientTransaction, message: SipMessage): void {
    this.told.push(String(message.status));
  }

  timedOut(): void {
    this.told.push('timeout');
  }

  transportFailed(_transaction: ClientTransaction, error: Error): void {
    this.told.push(`transport: ${error.message}`);
  }

  woken(): void {
    this.told.push('woken');
  }

  ended(): void {
    this.told.push('ended');
  }
}

/** A transaction layer on a virtual clock, with what it sent and what it told its user. */
export class Wire implements TransactionUser {
  readonly clock = new VirtualClock();
  readonly wheel = new TimerWheel(this.clock);
  readonly sent: Sent[] = [];
  readonly told: string[] = [];
  readonly mac = new ShortMac(Buffer.from('0123456789abcdef'));
  readonly branches = new BranchCodec('m1', this.mac);
  readonly layer: TransactionLayer;
  /** Called for what was sent last. */
  fail: ((error: Error) => void) | undefined;
  /** What the user does with a new request. */
  onRequest: (message: SipMessage, hop: Hop) => void = (message, hop) => {
    this.accepted = this.layer.accept(message, hop);
    if (this.accepted !== undefined) {
      this.accepted.user = {
        cancelled: () => this.told.push('cancelled'),
        ended: () => this.told.push('server ended'),
      };
    }
  };
  accepted: ServerTransaction | undefined;

  constructor(options: { readonly timers?: TimerSettings; readonly limits?: TransactionLimits } = {}) {
    const note = (bytes: Buffer): void => {
      const message = decodeMessage(Buffer.from(bytes));
      if (!(message instanceof SipMessage)) throw new Error(`sent a bad message: ${message.reason}`);
      this.sent.push({ atMs: this.clock.nowMs(), message, bytes });
    };
    this.layer = new TransactionLayer(
      {
        clock: this.clock,
        wheel: this.wheel,
        random: new SeededRandom(1),
        mac: this.mac,
        branches: this.branches,
        timers: options.timers ?? defaultTimerSettings,
        ...(options.limits && { limits: options.limits }),
        transport: {
          respond: (bytes) => note(bytes),
          send: (bytes, _target, failed) => {
            this.fail = failed;
            note(bytes);
          },
        },
      },
      this,
    );
  }

  request(message: SipMessage, hop: Hop): void {
    this.told.push(`request ${message.method}`);
    this.onRequest(message, hop);
  }

  ack(): void {
    this.told.push('ack');
  }

  strayResponse(message: SipMessage): void {
    this.told.push(`stray ${message.status}`);
  }

  strayCancel(): void {
    this.told.push('stray cancel');
  }

  receive(text: string, transport: TransportName = 'udp'): void {
    this.layer.receive(messageOf(text), hopOver(transport));
  }

  /** Sends a request of ours. */
  client(method: string, user: ClientUser, transport: TransportName = 'udp'): ClientTransaction {
    const transaction = this.layer.client(method, user);
    if (transaction === undefined) throw new Error('no room for a client transaction');
    const text = requestText(method, { branch: transaction.branch, sentBy: '192.0.2.1:5060' });
    transaction.start(Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'), targetOver(transport));
    return transaction;
  }

  /** The other side answers the request that was sent last with this method. */
  answer(status: number, method?: string, toTag?: string): void {
    const request = this.sent.findLast(
      ({ message }) => message.isRequest && message.method === (method ?? message.method),
    );
    if (request === undefined) throw new Error('nothing was sent that could be answered');
    this.receive(responseText(request.message, status, toTag));
  }

  /** Method or status of all that was sent, with the time in milliseconds, rounded down to a tenth of a second. */
  get log(): string[] {
    return this.sent.map(({ atMs, message }) => `${Math.floor(atMs / 100) / 10} ${wordOf(message)}`);
  }

  get words(): string[] {
    return this.sent.map(({ message }) => wordOf(message));
  }
}

export const wordOf = (message: SipMessage): string => (message.isRequest ? message.method : String(message.status));
