import { sha256 } from '#base';
import { SIGNATURE_TARGET } from './http-pack.ts';

/** What our own client sends; every server takes it. */
const SHORT_SIGNATURE = 'VPNCONNECT';
/** Stock clients send a fixed picture, known here by its SHA-256, and up to 2000 random bytes after it. */
const WATERMARK_BYTES = 1411;
const WATERMARK_SHA256 = '96a706bbab378ec37dfef21e02b1a3c177fbebeffa039eb0efac918630df12a0';
const WATERMARK_START = 'GIF89a';
export const MAX_SIGNATURE_BYTES = 3411;

export type SignatureKind = 'short' | 'watermark' | 'picture';

/**
 * Whether `body` says "I am a SoftEther client": the short form, the watermark of the stock clients, or some
 * other GIF89a of the right size (clients with a changed picture exist). Undefined if it is neither.
 */
export function signatureKind(body: Buffer): SignatureKind | undefined {
  if (body.length === SHORT_SIGNATURE.length) return body.equals(Buffer.from(SHORT_SIGNATURE)) ? 'short' : undefined;
  if (body.length < WATERMARK_BYTES || body.length > MAX_SIGNATURE_BYTES) return undefined;
  if (body.toString('latin1', 0, WATERMARK_START.length) !== WATERMARK_START) return undefined;
  return sha256(body.subarray(0, WATERMARK_BYTES)).toString('hex') === WATERMARK_SHA256 ? 'watermark' : 'picture';
}

export function isSignature(body: Buffer): boolean {
  return signatureKind(body) !== undefined;
}

/** `host` = the server's address, for the Host line. */
export function encodeSignature(host: string): Buffer {
  return Buffer.from(
    `POST ${SIGNATURE_TARGET} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: image/jpeg\r\nConnection: Keep-Alive\r\n` +
      `Content-Length: ${SHORT_SIGNATURE.length}\r\n\r\n${SHORT_SIGNATURE}`,
    'latin1',
  );
}
