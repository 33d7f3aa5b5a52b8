import { DecodeError } from '#base';
import { SIGNATURE_TARGET } from '../codec/http-pack.ts';
import type { HttpReader } from '../codec/http-reader.ts';
import { isSignature, MAX_SIGNATURE_BYTES } from '../codec/signature.ts';
import type { HtmlStatus } from './http-pages.ts';

/** What the first requests on a connection turn out to be. */
export type FrontRequest =
  /** A SoftEther client shows itself. */
  | { readonly kind: 'signature' }
  /** A stock client looks whether this is a SoftEther server. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'page'; readonly status: HtmlStatus; readonly target: string; readonly isLast: boolean }
  /** Not ours; nothing of it has been consumed. */
  | { readonly kind: 'http' };

const OUR_FOLDER = '/vpnsvc/';
const MAX_BODY_BYTES = 65_536;

/** The next request, or undefined if it is not complete. Throws DecodeError on what is no HTTP request. */
export function nextFrontRequest(reader: HttpReader): FrontRequest | undefined {
  const head = reader.head();
  if (head === undefined) return undefined;
  if (head.kind !== 'request') throw new DecodeError('HTTP response from a client', 0);
  const { method, target } = head;
  const isProbe = target === '/' && head.header('x-vpn') === '1';
  if (!isProbe && !target.startsWith(OUR_FOLDER)) return { kind: 'http' };
  const isUpload = method === 'POST' && target === SIGNATURE_TARGET;
  if (isUpload && (head.contentLength ?? 0) > MAX_SIGNATURE_BYTES) return page(403, target, true);
  const message = reader.take(MAX_BODY_BYTES);
  if (message === undefined) return undefined;
  if (isProbe) return { kind: 'probe' };
  if (isUpload) return isSignature(message.body) ? { kind: 'signature' } : page(403, target, false);
  return page(method === 'POST' || method === 'GET' || method === 'HEAD' ? 404 : 501, target, false);
}

function page(status: HtmlStatus, target: string, isLast: boolean): FrontRequest {
  return { kind: 'page', status, target, isLast };
}
