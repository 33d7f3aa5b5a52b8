import { connectionText, familyOf } from './connection.ts';
import type { MediaDescription } from './media-description.ts';
import type { SessionDescription } from './session-description.ts';
import { isDeaf } from './stream-address.ts';
import { attributeName } from './stream-attributes.ts';
import { TextEdit } from './text-edit.ts';

/** Where the other party shall send a stream: RTP to `port`, RTCP to the next one. */
export interface StreamPlace {
  readonly address: string;
  readonly port: number;
}

/** RFC 8445 §5.1.2.1, of a host candidate, the best there is: it shall be the one that is taken. */
const CANDIDATE_PRIORITY = 2_130_706_431;

/** Lines that name addresses other than the relay's: RFC 8839, RFC 6947, RFC 4570. */
const namesAddresses: ReadonlySet<string> = new Set(['candidate', 'remote-candidates', 'altc', 'source-filter']);

/**
 * The description with other addresses: `places` by stream, undefined where it stays as it is. c=, the port of m=, a=rtcp
 * and ICE candidates change, o= where the family does; all else is byte for byte as it came. What must not be sent to (c=0.0.0.0) stays so.
 * @param newer is added to the version in o=: by that some telephones know whether they have to look at the rest.
 */
export function rewriteSdp(sdp: SessionDescription, places: readonly (StreamPlace | undefined)[], newer = 0): Buffer {
  const edit = new TextEdit(sdp.text);
  rewriteOrigin(edit, sdp, places);
  if (newer > 0) raiseVersion(edit, sdp, newer);
  const sessionAddress = rewriteSessionConnection(edit, sdp, places);
  const isAnyRelayed = places.some((place) => place !== undefined);
  for (const stream of sdp.streams) {
    const place = places[stream.index];
    if (place !== undefined) rewriteStream(edit, sdp, stream, place, sessionAddress);
    else if (isAnyRelayed && stream.port === 0) removeAddresses(edit, sdp.text, stream);
  }
  return Buffer.from(edit.serialise(), 'latin1');
}

/** It only names the session, but there are telephones that take the family of addresses from it. */
function rewriteOrigin(
  edit: TextEdit,
  { origin }: SessionDescription,
  places: readonly (StreamPlace | undefined)[],
): void {
  const place = places.find((one) => one !== undefined);
  if (origin === undefined || place === undefined || origin.family === 0) return;
  if (origin.family !== familyOf(place.address)) {
    edit.replace(origin.line.valueStart, origin.line.end, connectionText(place.address));
  }
}

/** RFC 4566 §5.2: it grows with each change. One that is no number of a reasonable length stays. */
function raiseVersion(edit: TextEdit, { text, origin }: SessionDescription, newer: number): void {
  if (origin === undefined) return;
  const { start, valueStart } = origin.line;
  const [, before = '', version = ''] = /^(o=\S+ \S+ )(\d{1,18}) $/.exec(text.slice(start, valueStart)) ?? [];
  if (version === '') return;
  const at = start + before.length;
  edit.replace(at, at + version.length, String(BigInt(version) + BigInt(newer)));
}

/** What the session's c= line says afterwards; undefined: there is none. */
function rewriteSessionConnection(
  edit: TextEdit,
  { connection, streams }: SessionDescription,
  places: readonly (StreamPlace | undefined)[],
): string | undefined {
  if (connection === undefined) return undefined;
  const users = streams.filter(({ port, ownConnection }) => port !== 0 && ownConnection === undefined);
  // Where nobody uses it, it follows those that have their own: it would tell an address that is of no use.
  const relevant = users.length > 0 ? users : streams.filter(({ port }) => port !== 0);
  const [first] = relevant;
  const place = first === undefined ? undefined : places[first.index];
  if (first === undefined || place === undefined || relevant.some(({ index }) => places[index] === undefined)) {
    return connection.address;
  }
  const address = addressAfter(first, place);
  edit.replace(connection.line.valueStart, connection.line.end, connectionText(address));
  return address;
}

function addressAfter(stream: MediaDescription, { address }: StreamPlace): string {
  if (!isDeaf(stream)) return address;
  return address.includes(':') ? '::' : '0.0.0.0';
}

function rewriteStream(
  edit: TextEdit,
  { text }: SessionDescription,
  stream: MediaDescription,
  place: StreamPlace,
  sessionAddress: string | undefined,
): void {
  edit.replace(stream.portStart, stream.portEnd, String(place.port));
  rewriteConnection(edit, text, stream, place, sessionAddress);
  rewriteControl(edit, stream, place);
  removeAddresses(edit, text, stream);
  if (stream.hasIce) insertCandidates(edit, text, stream, place);
}

function rewriteConnection(
  edit: TextEdit,
  text: string,
  stream: MediaDescription,
  place: StreamPlace,
  sessionAddress: string | undefined,
): void {
  const address = addressAfter(stream, place);
  const own = stream.ownConnection;
  if (own !== undefined) {
    edit.replace(own.line.valueStart, own.line.end, connectionText(address));
  } else if (address !== sessionAddress) {
    // RFC 4566 §5: c= stands behind m= and i=.
    const [head, second] = stream.lines;
    insertBehind(edit, text, second?.type === 'i' ? second : head!, [`c=${connectionText(address)}`]);
  }
}

function rewriteControl(edit: TextEdit, { control, port }: MediaDescription, place: StreamPlace): void {
  if (control === undefined || control.port === 0) return;
  const text = String(control.port === port ? place.port : place.port + 1);
  const address = control.address === undefined ? '' : ` ${connectionText(place.address)}`;
  edit.replace(control.line.valueStart + 'rtcp:'.length, control.line.end, `${text}${address}`);
}

function removeAddresses(edit: TextEdit, text: string, { lines }: MediaDescription): void {
  for (const line of lines) {
    if (line.type === 'a' && namesAddresses.has(attributeName(text, line))) edit.replace(line.start, line.next, '');
  }
}

/** The relay passes STUN on, so its ports are as good as host candidates of the party itself (RFC 8445 §5.1.1). */
function insertCandidates(edit: TextEdit, text: string, stream: MediaDescription, place: StreamPlace): void {
  const { lines, candidates, isMuxed } = stream;
  const first = lines.find((line) => line.type === 'a' && attributeName(text, line) === 'candidate');
  const components = candidates.length === 0 ? (isMuxed ? [1] : [1, 2]) : componentsOf(stream);
  const added = components.map(
    (component) =>
      `a=candidate:hf ${component} UDP ${CANDIDATE_PRIORITY - component + 1} ${place.address} ${place.port + component - 1} typ host`,
  );
  if (first === undefined) insertBehind(edit, text, lines.at(-1)!, added);
  else edit.insert(first.start, added.map((line) => line + lineEnd(text, first)).join(''));
}

function componentsOf({ candidates }: MediaDescription): readonly number[] {
  return candidates.some(({ component }) => component === 2) ? [1, 2] : [1];
}

function insertBehind(
  edit: TextEdit,
  text: string,
  line: MediaDescription['lines'][number],
  added: readonly string[],
): void {
  const feed = line.next > line.end ? text.slice(line.end, line.next) : '';
  // The last line of a description may lack its end.
  const [before, after] = feed === '' ? ['\r\n', ''] : ['', feed];
  edit.insert(line.next, added.map((one) => `${before}${one}${after}`).join(''));
}

function lineEnd(text: string, line: MediaDescription['lines'][number]): string {
  return line.next > line.end ? text.slice(line.end, line.next) : '\r\n';
}
