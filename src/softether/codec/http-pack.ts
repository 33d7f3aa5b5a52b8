import { DecodeError } from '#base';
import type { HttpMessage } from './http-reader.ts';
import { Pack } from './pack.ts';
import type { PackLimits } from './pack-limits.ts';

export const SIGNATURE_TARGET = '/vpnsvc/connect.cgi';
const PACK_TARGET = '/vpnsvc/vpn.cgi';
const PACK_CONTENT_TYPE = 'application/octet-stream';

const KEEP_ALIVE = 'Keep-Alive: timeout=15; max=19\r\nConnection: Keep-Alive';

export interface PackMessageOptions {
  /** Sent along as the element `pencore`, to hide the size of the message; the original takes 0 to 999 random bytes. */
  readonly paddingBytes?: Buffer;
  readonly date?: Date;
}

export function encodePackResponse(pack: Pack, options: PackMessageOptions = {}): Buffer {
  return encodeMessage('HTTP/1.1 200 OK', pack, options);
}

export function encodePackRequest(pack: Pack, host: string, options: PackMessageOptions = {}): Buffer {
  return encodeMessage(`POST ${PACK_TARGET} HTTP/1.1\r\nHost: ${host}`, pack, options);
}

function encodeMessage(start: string, pack: Pack, { paddingBytes, date }: PackMessageOptions): Buffer {
  const body = (paddingBytes === undefined ? pack : pack.copy().setData('pencore', paddingBytes)).encode();
  const dateLine = date === undefined ? '' : `Date: ${date.toUTCString()}\r\n`;
  const head = `${start}\r\n${dateLine}${KEEP_ALIVE}\r\nContent-Type: ${PACK_CONTENT_TYPE}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const message = Buffer.allocUnsafe(head.length + body.length);
  message.set(body, message.write(head, 'latin1'));
  return message;
}

/**
 * The PACK in a message. Peers of either side drop the connection without an answer where this throws DecodeError:
 * a request that is not `POST /vpnsvc/vpn.cgi HTTP/1.1`, a response that is not 200, another content type, a bad PACK.
 */
export function decodePackBody(message: HttpMessage, limits: PackLimits): Pack {
  const { head, body } = message;
  if (head.version !== 'HTTP/1.1') throw new DecodeError(`${head.version} where HTTP/1.1 is needed`, 0);
  if (head.kind === 'request' && (head.method !== 'POST' || head.target !== PACK_TARGET)) {
    throw new DecodeError(`${head.method} request where POST ${PACK_TARGET} is needed`, 0);
  }
  if (head.kind === 'response' && head.status !== 200) throw new DecodeError(`HTTP status ${head.status}, not 200`, 0);
  if (head.header('content-type')?.toLowerCase() !== PACK_CONTENT_TYPE) {
    throw new DecodeError(`HTTP body that is not ${PACK_CONTENT_TYPE}`, 0);
  }
  return Pack.decode(body, limits);
}
