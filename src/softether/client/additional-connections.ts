import type { ByteStream, Clock, Timer } from '#io';
import {
  encodeAdditionalConnect,
  decodeAdditionalConnectAnswer,
  type StreamDirection,
} from '../codec/additional-connect.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import { Conversation } from './conversation.ts';
import { converse } from './converse.ts';
import { refused, success, type Result } from './failure.ts';
import type { ClientHome } from './home.ts';
import { leaveTls } from './leave-tls.ts';
import { destinationText, reach, type Destination } from './reach.ts';

export interface AddedConnection {
  readonly stream: ByteStream;
  readonly direction: StreamDirection;
  readonly first: Buffer;
}

export interface AdditionalTarget {
  readonly at: Destination;
  readonly sessionKey: Buffer;
  readonly isEncrypted: boolean;
}

/** One more TCP connection for a session that is up (SoftEther protocol §5.1). */
export async function openAdditional(
  home: ClientHome,
  { at, sessionKey, isEncrypted }: AdditionalTarget,
  signal: AbortSignal,
): Promise<Result<AddedConnection>> {
  const { clock, limits, identity } = home;
  const options = { timeoutMs: limits.connectTimeoutMs, signal, mayDropEncryption: !isEncrypted, judge: undefined };
  const reached = await reach(home, at, options);
  if (!reached.ok) return reached;
  const name = destinationText(at);
  const request = encodeAdditionalConnect({ sessionKey, client: identity.product });
  const conversation = new Conversation(at.name, () => request);
  const timeoutMs = limits.answerTimeoutMs;
  const talked = await converse(reached.value, conversation, { clock, timeoutMs, name, signal });
  if (!talked.ok) return talked;
  if (talked.value.kind === 'greeted') throw new Error('additional_connect ended with its Hello');
  const answer = decodeAdditionalConnectAnswer(talked.value.answer);
  if (answer.kind === 'error') {
    reached.value.close();
    return refused(name, answer.code);
  }
  const left = isEncrypted ? reached : await leaveTls(reached.value, name);
  if (!left.ok) return left;
  return success({ stream: left.value, direction: answer.direction, first: talked.value.unread });
}

export interface AdditionalConnectionsOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** The session has fewer connections than it may. */
  readonly isWanted: () => boolean;
  readonly open: (signal: AbortSignal) => Promise<Result<AddedConnection>>;
  readonly opened: (connection: AddedConnection) => void;
  /** The server does not know the session any more. */
  readonly sessionIsGone: () => void;
}

/** The longest wait between two attempts, in intervals. */
const MAX_INTERVALS = 10;
const goneCodes: readonly number[] = [ErrorCode.SESSION_TIMEOUT, ErrorCode.INVALID_PROTOCOL];

/** Opens further connections of a session, one at a time and one per interval, as long as there are fewer than granted. */
export class AdditionalConnections {
  readonly #options: AdditionalConnectionsOptions;
  readonly #giveUp = new AbortController();
  #timer: Timer | undefined;
  #isOpening = false;
  #failures = 0;

  constructor(options: AdditionalConnectionsOptions) {
    this.#options = options;
  }

  /** A connection may be missing. `isUrgent`: without waiting for the interval. */
  wake(isUrgent = false): void {
    if (this.#timer !== undefined || this.#isOpening || this.#giveUp.signal.aborted || !this.#options.isWanted())
      return;
    const { clock, intervalMs } = this.#options;
    const delayMs = isUrgent ? 0 : intervalMs * Math.min(2 ** this.#failures, MAX_INTERVALS);
    this.#timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#open();
    });
  }

  stop(): void {
    this.#giveUp.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #open(): Promise<void> {
    const { open, opened, sessionIsGone, isWanted } = this.#options;
    if (!isWanted()) return;
    this.#isOpening = true;
    const result = await open(this.#giveUp.signal);
    this.#isOpening = false;
    if (this.#giveUp.signal.aborted) {
      if (result.ok) result.value.stream.close();
      return;
    }
    if (result.ok) {
      this.#failures = 0;
      opened(result.value);
    } else if (goneCodes.includes(result.failure.code)) {
      sessionIsGone();
      return;
    } else {
      this.#failures++;
    }
    this.wake();
  }
}
