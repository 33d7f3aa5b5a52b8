import { Conversation } from './conversation.ts';
import { converse } from './converse.ts';
import type { ClientHome } from './home.ts';
import { answersDial, destinationText, type Destination } from './reach.ts';
import type { Verdict } from './server-watch.ts';

/** Asks a server for its Hello, as before a log-in, and leaves. Tells nothing of us. */
export async function probeServer(home: ClientHome, at: Destination, signal: AbortSignal): Promise<Verdict> {
  const { clock, limits } = home;
  const timeoutMs = limits.probeTimeoutMs;
  const reached = await answersDial(home, at, { timeoutMs, signal, mayDropEncryption: false, judge: undefined });
  if (typeof reached === 'boolean') return reached ? 'unknown' : 'dead';
  const name = destinationText(at);
  const talked = await converse(reached, new Conversation(at.name), { clock, timeoutMs, name, signal });
  reached.close();
  if (talked.ok) return 'alive';
  return talked.failure.kind === 'unreachable' ? 'dead' : 'unknown';
}
