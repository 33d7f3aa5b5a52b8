import { ByteReader, DecodeError } from '#base';
import type { ClientHello } from '../listener.ts';

/** Browsers with post-quantum key shares send about 2 KB; nobody has a reason for more than this. */
export const CLIENT_HELLO_MAX_BYTES = 16 * 1024;

/** A ClientHello cut into more records than this is an attempt to make us work. */
const MAX_RECORDS = 16;

const RECORD_HEADER_BYTES = 5;
const RECORD_MAX_BYTES = 16 * 1024;
const RECORD_HANDSHAKE = 0x16;
const HANDSHAKE_CLIENT_HELLO = 1;
const HANDSHAKE_HEADER_BYTES = 4;

const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const EXTENSION_SUPPORTED_VERSIONS = 43;

export type ClientHelloResult =
  | { readonly kind: 'complete'; readonly clientHello: ClientHello }
  /** Nothing new can be said before this many bytes are there. */
  | { readonly kind: 'incomplete'; readonly wantedBytes: number };

/**
 * Reads the first TLS message of a client, RFC 8446 §4.1.2 and RFC 5246 §7.4.1.2, from the start of a connection:
 * records `[u8 22][u8 3][u8 minor][u16 length]` that carry `[u8 1][u24 length]` and then
 * `[u16 version][32 random][u8 n, session id][u16 n, cipher suites][u8 n, compression][u16 n, extensions]`.
 * @throws DecodeError for anything else, or more than CLIENT_HELLO_MAX_BYTES.
 */
export function decodeClientHello(bytes: Buffer): ClientHelloResult {
  const joined = joinRecords(bytes);
  if (typeof joined === 'number') return { kind: 'incomplete', wantedBytes: joined };
  const hello = new ByteReader(joined);
  const legacyVersion = hello.u16();
  if (legacyVersion >> 8 !== 3) throw new DecodeError(`not TLS: version ${legacyVersion.toString(16)}`, 0);
  hello.skip(32);
  hello.skip(hello.u8());
  hello.skip(hello.u16());
  hello.skip(hello.u8());
  const extensions = new ByteReader(hello.remaining === 0 ? Buffer.alloc(0) : hello.bytes(hello.u16()));
  let serverName: string | undefined;
  let alpn: readonly string[] = [];
  let versions: readonly number[] = [legacyVersion];
  while (extensions.remaining > 0) {
    const type = extensions.u16();
    const body = new ByteReader(extensions.bytes(extensions.u16()));
    if (type === EXTENSION_SERVER_NAME) serverName = decodeServerName(body);
    else if (type === EXTENSION_ALPN) alpn = decodeAlpn(body);
    else if (type === EXTENSION_SUPPORTED_VERSIONS) versions = decodeVersions(body);
  }
  return { kind: 'complete', clientHello: { serverName, alpn, versions } };
}

/** The body of the ClientHello, freed of record headers; or how many bytes must be there to get further. */
function joinRecords(bytes: Buffer): Buffer | number {
  const parts: Buffer[] = [];
  let joinedBytes = 0;
  let at = 0;
  while (true) {
    if (bytes.length < at + RECORD_HEADER_BYTES) return at + RECORD_HEADER_BYTES;
    if (bytes[at] !== RECORD_HANDSHAKE || bytes[at + 1] !== 3) throw new DecodeError('not a TLS handshake record', at);
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > RECORD_MAX_BYTES) throw new DecodeError(`TLS record of ${length} bytes`, at + 3);
    const end = at + RECORD_HEADER_BYTES + length;
    if (end > CLIENT_HELLO_MAX_BYTES) throw new DecodeError(`TLS ClientHello of more than ${end} bytes`, at + 3);
    if (bytes.length < end) return end;
    if (parts.length === MAX_RECORDS) throw new DecodeError(`TLS ClientHello in more than ${MAX_RECORDS} records`, at);
    parts.push(bytes.subarray(at + RECORD_HEADER_BYTES, end));
    joinedBytes += length;
    at = end;
    const wanted = handshakeBytes(parts, joinedBytes);
    if (wanted !== undefined && joinedBytes >= wanted) {
      return Buffer.concat(parts, joinedBytes).subarray(HANDSHAKE_HEADER_BYTES, wanted);
    }
  }
}

/** Whole length of the handshake message that `parts` begin, header included; undefined while that is not known. */
function handshakeBytes(parts: readonly Buffer[], joinedBytes: number): number | undefined {
  if (joinedBytes < HANDSHAKE_HEADER_BYTES) return undefined;
  const first = parts[0]!;
  const start = first.length >= HANDSHAKE_HEADER_BYTES ? first : Buffer.concat(parts, joinedBytes);
  if (start[0] !== HANDSHAKE_CLIENT_HELLO)
    throw new DecodeError(`TLS handshake message ${start[0]!}, not a ClientHello`, 0);
  const length = start.readUIntBE(1, 3);
  if (length > CLIENT_HELLO_MAX_BYTES) throw new DecodeError(`TLS ClientHello of ${length} bytes`, 1);
  return HANDSHAKE_HEADER_BYTES + length;
}

/** RFC 6066 §3: `[u16 n]{[u8 type][u16 n, name]}`; type 0 is a host name. */
function decodeServerName(body: ByteReader): string | undefined {
  const names = new ByteReader(body.bytes(body.u16()));
  while (names.remaining > 0) {
    const type = names.u8();
    const name = names.bytes(names.u16());
    if (type === 0) return name.toString('latin1');
  }
  return undefined;
}

/** RFC 7301 §3.1: `[u16 n]{[u8 n, protocol]}` */
function decodeAlpn(body: ByteReader): readonly string[] {
  const list = new ByteReader(body.bytes(body.u16()));
  const protocols: string[] = [];
  while (list.remaining > 0) protocols.push(list.bytes(list.u8()).toString('latin1'));
  return protocols;
}

/** RFC 8446 §4.2.1: `[u8 n]{[u16 version]}` */
function decodeVersions(body: ByteReader): readonly number[] {
  const list = new ByteReader(body.bytes(body.u8()));
  const versions: number[] = [];
  while (list.remaining > 0) versions.push(list.u16());
  return versions;
}
