import { fromWireText } from '../message/characters.ts';
import { HeaderId } from '../message/header-id.ts';
import { mediaType } from '../message/session-fields.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { TracedMessage } from './message-trace.ts';

const COLUMN_WIDTH = 38;
const TIME_WIDTH = 13;
/** Further sides of one call stand in no column: their name stands behind the message. */
const MAX_COLUMNS = 6;

/**
 * Calls as ladders of text, one after the other in the order of their beginning: a column for this server and one for each
 * other side, a line for each message.
 */
export function ladders(messages: readonly TracedMessage[]): string {
  const calls = new Map<string, TracedMessage[]>();
  for (const traced of messages) {
    const call = calls.get(traced.callId);
    if (call === undefined) calls.set(traced.callId, [traced]);
    else call.push(traced);
  }
  return [...calls.values()].map(ladder).join('\n');
}

function ladder(messages: readonly TracedMessage[]): string {
  const first = messages[0];
  if (first === undefined) return '';
  const columns = columnsOf(messages);
  const { message } = first;
  const lines = [
    `Call-ID ${shown(first.callId)}  From ${shown(message.from().uriText)}  To ${shown(message.to().uriText)}`,
    `${' '.repeat(TIME_WIDTH)}${columns.map((name) => centred(name, COLUMN_WIDTH)).join('')}`.trimEnd(),
    ...messages.map((traced) => arrow(traced, columns)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Who spoke first stands to the left of the server, the others to its right; where they are too many, those who say most. */
function columnsOf(messages: readonly TracedMessage[]): string[] {
  const counts = new Map<string, number>();
  for (const { peer } of messages) counts.set(peer, (counts.get(peer) ?? 0) + 1);
  const [first = '', ...others] = counts.keys();
  const count = (peer: string): number => counts.get(peer) ?? 0;
  const shownOnes = new Set(others.toSorted((a, b) => count(b) - count(a)).slice(0, MAX_COLUMNS - 2));
  return [first, 'this server', ...others.filter((peer) => shownOnes.has(peer))];
}

function arrow({ atMs, direction, peer, message }: TracedMessage, columns: readonly string[]): string {
  const server = 1;
  const other = columns.indexOf(peer);
  const label = labelOf(message);
  const time = new Date(atMs).toISOString().slice(11, 23).padEnd(TIME_WIDTH);
  if (other < 0) return `${time}${direction === 'in' ? '<--' : '-->'} ${peer}  ${label}`;
  const left = Math.min(server, other);
  const right = Math.max(server, other);
  const pointsRight = direction === 'in' ? other < server : other > server;
  const width = (right - left) * COLUMN_WIDTH - 1;
  const text = clipped(` ${label} `, width - 4);
  const dashes = '-'.repeat(width - text.length - 1);
  const half = dashes.length >> 1;
  const line = pointsRight
    ? `${dashes.slice(half)}${text}${dashes.slice(0, half)}>`
    : `<${dashes.slice(half)}${text}${dashes.slice(0, half)}`;
  const cells: string[] = [];
  for (let column = 0; column < columns.length; column++) {
    if (column === left) cells.push(`|${line}`);
    else if (column < left || column >= right) cells.push('|'.padEnd(COLUMN_WIDTH));
  }
  return `${time}${' '.repeat(COLUMN_WIDTH >> 1)}${cells.join('')}`.trimEnd();
}

/** `INVITE (sdp)`, `200 OK (INVITE)`. */
function labelOf(message: SipMessage): string {
  const type = message.bodyLength > 0 ? mediaType(message) : undefined;
  const body = type === undefined ? '' : ` ${type.slice(type.indexOf('/') + 1)}`;
  const event = message.value(HeaderId.Event);
  if (message.isRequest) return shown(`${message.method}${event === undefined ? '' : ` ${event}`}${body}`);
  return shown(`${message.status} ${message.reason()} (${message.cseq().number} ${message.method})${body}`);
}

/** For a terminal: bytes of the net must not move its cursor. */
function shown(wireText: string): string {
  return fromWireText(wireText).replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

function clipped(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 2)}… `;
}

function centred(text: string, width: number): string {
  const short = clipped(text, width - 1);
  const before = (width - short.length) >> 1;
  return ' '.repeat(before) + short + ' '.repeat(width - before - short.length);
}
