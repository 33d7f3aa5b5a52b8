import { DecodeError } from '#base';
import type { ClientHello } from '../listener.ts';
import { decodeClientHello } from './client-hello.ts';

export type FirstBytes =
  | { readonly kind: 'incomplete'; readonly wantedBytes: number }
  | { readonly kind: 'tls'; readonly clientHello: ClientHello }
  | { readonly kind: 'http' }
  | { readonly kind: 'unknown'; readonly why: string };

const HTTP_STARTS = ['GET ', 'POST ', 'HEAD ', 'PUT ', 'OPTIONS ', 'DELETE ', 'PATCH ', 'CONNECT ', 'TRACE ', 'PRI * '];
const TLS_HANDSHAKE = 0x16;

/** What a new connection speaks. Any split of the bytes gives the same answer in the end. */
export function classifyFirstBytes(bytes: Buffer): FirstBytes {
  if (bytes.length === 0) return { kind: 'incomplete', wantedBytes: 1 };
  if (bytes[0] === TLS_HANDSHAKE) return classifyTls(bytes);
  for (const start of HTTP_STARTS) {
    const compared = Math.min(bytes.length, start.length);
    if (bytes.toString('latin1', 0, compared) !== start.slice(0, compared)) continue;
    if (compared === start.length) return { kind: 'http' };
    return { kind: 'incomplete', wantedBytes: bytes.length + 1 };
  }
  return { kind: 'unknown', why: `neither TLS nor HTTP, begins with ${bytes.toString('hex', 0, 8)}` };
}

function classifyTls(bytes: Buffer): FirstBytes {
  try {
    const decoded = decodeClientHello(bytes);
    return decoded.kind === 'incomplete' ? decoded : { kind: 'tls', clientHello: decoded.clientHello };
  } catch (error) {
    if (error instanceof DecodeError) return { kind: 'unknown', why: error.message };
    throw error;
  }
}

const SPEAKS_TLS = 'This port speaks TLS: use https.\n';

/** For a browser or script that forgot the s of https. */
export const plainHttpAnswer =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n' +
  `Content-Length: ${SPEAKS_TLS.length}\r\n\r\n${SPEAKS_TLS}`;
