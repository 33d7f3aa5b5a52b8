import { knownMethods } from '../message/methods.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { TransportCounters } from './transport-layer.ts';
import type { TransportName } from './transport-name.ts';

/** Methods that nobody has defined are counted together. */
export const otherMethod = 'other';

const STATUS_END = 700;
const SIP_SLASH = Buffer.from('SIP/');
const ZERO = 0x30;

/** Messages by what they are. */
export interface MessageFigures {
  /** By method: requests. */
  readonly requests: ReadonlyMap<string, number>;
  /** By status: responses. */
  readonly responses: ReadonlyMap<number, number>;
}

/** Counts every message, without making anything for it. */
export class MessageCounters {
  readonly transports: Record<TransportName, TransportCounters>;
  readonly #receivedRequests = new Map<string, number>();
  readonly #receivedResponses = new Uint32Array(STATUS_END);
  readonly #sentRequests = new Map<string, number>();
  readonly #sentResponses = new Uint32Array(STATUS_END);

  constructor() {
    const none = (): TransportCounters => ({ receivedMessages: 0, sentMessages: 0, failedMessages: 0, garbage: 0 });
    this.transports = { udp: none(), tcp: none(), tls: none(), ws: none(), wss: none() };
    for (const method of [...knownMethods, otherMethod]) {
      this.#receivedRequests.set(method, 0);
      this.#sentRequests.set(method, 0);
    }
  }

  received(transport: TransportName, message: SipMessage): void {
    this.transports[transport].receivedMessages++;
    if (message.isRequest) count(this.#receivedRequests, message.method);
    else this.#receivedResponses[message.status]!++;
  }

  /** A message that nothing was made of. */
  receivedUnread(transport: TransportName, bytes: Buffer): void {
    this.transports[transport].receivedMessages++;
    if (isResponse(bytes)) this.#receivedResponses[statusAt(bytes)]!++;
    else count(this.#receivedRequests, methodOf(bytes));
  }

  sent(transport: TransportName, bytes: Buffer): void {
    this.transports[transport].sentMessages++;
    if (isResponse(bytes)) this.#sentResponses[statusAt(bytes)]!++;
    else count(this.#sentRequests, methodOf(bytes));
  }

  failed(transport: TransportName): void {
    this.transports[transport].failedMessages++;
  }

  garbage(transport: TransportName): void {
    this.transports[transport].garbage++;
  }

  receivedFigures(): MessageFigures {
    return { requests: this.#receivedRequests, responses: nonZero(this.#receivedResponses) };
  }

  sentFigures(): MessageFigures {
    return { requests: this.#sentRequests, responses: nonZero(this.#sentResponses) };
  }
}

function count(counts: Map<string, number>, method: string): void {
  const now = counts.get(method);
  if (now === undefined) counts.set(otherMethod, counts.get(otherMethod)! + 1);
  else counts.set(method, now + 1);
}

function isResponse(bytes: Buffer): boolean {
  for (let i = 0; i < SIP_SLASH.length; i++) if (bytes[i] !== SIP_SLASH[i]) return false;
  return true;
}

/** Of a message that we made: three digits behind `SIP/2.0 `. */
function statusAt(bytes: Buffer): number {
  const status = (bytes[8]! - ZERO) * 100 + (bytes[9]! - ZERO) * 10 + bytes[10]! - ZERO;
  return status >= 0 && status < STATUS_END ? status : 0;
}

/** The longest one known is `SUBSCRIBE`. */
const LONGEST_METHOD = 10;

function methodOf(bytes: Buffer): string {
  let end = 0;
  while (end < LONGEST_METHOD && bytes[end] !== 0x20) end++;
  return bytes.toString('latin1', 0, end);
}

function nonZero(counts: Uint32Array): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (let status = 0; status < STATUS_END; status++) if (counts[status]! > 0) found.set(status, counts[status]!);
  return found;
}
