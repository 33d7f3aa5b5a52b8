import { badSdp, type BadSdp } from './bad-sdp.ts';
import { parseOrigin, type Connection } from './connection.ts';
import { sdpLimits } from './limits.ts';
import { splitLines, type SdpLine } from './lines.ts';
import type { MediaDescription } from './media-description.ts';
import { attributeName, noFacts, readLine, readMediaLine, type StreamFacts } from './stream-attributes.ts';

/** RFC 4566, RFC 8866: a session description as a view of its text. */
export interface SessionDescription {
  readonly kind: 'sdp';
  /** Bytes as Latin-1: one character for each. */
  readonly text: string;
  /** Of the o= line, from `IN` on; undefined: it is not of that form. */
  readonly origin: Connection | undefined;
  readonly connection: Connection | undefined;
  readonly streams: readonly MediaDescription[];
  /** The mids of each a=group:BUNDLE (RFC 9143), the one that carries the others first. */
  readonly bundles: readonly (readonly string[])[];
}

/** Lines that are not understood are kept and say nothing; a description that has no m= line is one without streams. */
export function decodeSdp(body: Uint8Array): SessionDescription | BadSdp {
  if (body.length > sdpLimits.bytes) return badSdp(`longer than ${sdpLimits.bytes} bytes`, sdpLimits.bytes);
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  const lines = splitLines(text);
  return 'kind' in lines ? lines : parseSections(text, lines);
}

function parseSections(text: string, lines: readonly SdpLine[]): SessionDescription | BadSdp {
  if (lines[0]?.type !== 'v') return badSdp('it does not begin with v=', 0);
  const firsts: number[] = [];
  for (const [index, { type }] of lines.entries()) if (type === 'm') firsts.push(index);
  if (firsts.length > sdpLimits.streams) return badSdp(`more than ${sdpLimits.streams} m= lines`, 0);
  const sessionLines = lines.slice(0, firsts[0] ?? lines.length);
  const session = factsOf(text, sessionLines);
  const streams: MediaDescription[] = [];
  for (const [index, first] of firsts.entries()) {
    const stream = parseStream(text, lines.slice(first, firsts[index + 1] ?? lines.length), index, session);
    if ('kind' in stream) return stream;
    streams.push(stream);
  }
  const originLine = sessionLines.find(({ type }) => type === 'o');
  const origin = originLine && parseOrigin(text, originLine);
  const { connection } = session;
  return { kind: 'sdp', text, origin, connection, streams, bundles: bundlesOf(text, sessionLines) };
}

function parseStream(
  text: string,
  lines: readonly SdpLine[],
  index: number,
  session: StreamFacts,
): MediaDescription | BadSdp {
  const head = readMediaLine(text, lines[0]!);
  if ('kind' in head) return head;
  const facts = factsOf(text, lines);
  return {
    index,
    ...head,
    lines,
    ownConnection: facts.connection,
    connection: facts.connection ?? session.connection,
    direction: facts.direction ?? session.direction ?? 'sendrecv',
    control: facts.control,
    isMuxed: facts.isMuxed,
    hasIce: facts.hasIce || session.hasIce,
    candidates: facts.candidates,
    mid: facts.mid,
    isBundleOnly: facts.isBundleOnly,
    isEncrypted: facts.isEncrypted || session.isEncrypted,
  };
}

function factsOf(text: string, lines: readonly SdpLine[]): StreamFacts {
  const facts = noFacts();
  for (const line of lines) readLine(facts, text, line);
  return facts;
}

function bundlesOf(text: string, lines: readonly SdpLine[]): string[][] {
  const bundles: string[][] = [];
  for (const line of lines) {
    if (line.type !== 'a' || attributeName(text, line) !== 'group') continue;
    const [semantics, ...mids] = text.slice(line.valueStart + 'group:'.length, line.end).split(' ');
    if (semantics === 'BUNDLE') bundles.push(mids.filter((mid) => mid !== ''));
  }
  return bundles;
}
