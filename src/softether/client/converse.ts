import { DecodeError } from '#base';
import type { ByteStream, Clock } from '#io';
import type { Conversation, ConversationStep } from './conversation.ts';
import { protocolFailure, refused, success, unreachable, type Result } from './failure.ts';

export type Outcome = Extract<ConversationStep, { readonly kind: 'greeted' | 'answered' }>;

export interface ConverseOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Of the server, for messages. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * Leads `conversation` over `stream`. Afterwards the stream is paused, so that nothing of what follows is lost; where it
 * failed, it is closed.
 */
export function converse(
  stream: ByteStream,
  conversation: Conversation,
  { clock, timeoutMs, name, signal }: ConverseOptions,
): Promise<Result<Outcome>> {
  return new Promise((resolve) => {
    let isOver = false;
    const end = (result: Result<Outcome>): void => {
      if (isOver) return;
      isOver = true;
      deadline.cancel();
      signal.removeEventListener('abort', giveUp);
      if (result.ok) stream.pause();
      else stream.close();
      resolve(result);
    };
    const giveUp = (): void => end(unreachable(`log-in at ${name} given up`));
    const deadline = clock.after(timeoutMs, () => {
      end(unreachable(`${name} took the connection, but did not answer within ${timeoutMs / 1000} s`));
    });
    signal.addEventListener('abort', giveUp);
    stream.receive({
      data: (chunk) => {
        if (!isOver) advance(chunk);
      },
      closed: ({ error }) => {
        end(protocolFailure(`${name} ended the connection during the log-in${error ? `: ${error.message}` : ''}`));
      },
    });
    stream.write(conversation.begin());
    if (signal.aborted) giveUp();

    function advance(chunk: Buffer): void {
      try {
        const step = conversation.receive(chunk);
        if (step === undefined) return;
        if (step.kind === 'send') stream.write(step.bytes);
        else if (step.kind === 'refused') end(refused(name, step.code));
        else end(success(step));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        end(protocolFailure(`${name} does not answer as a SoftEther server does: ${error.message}`));
      }
    }
  });
}
