import type { BadMessage } from './bad-message.ts';
import { isTokenCode, isUriCode, parseDecimal, skipSpaces, trimSpaces } from './characters.ts';
import { HeaderId } from './header-id.ts';
import { messageLimits } from './limits.ts';
import { Malformed } from './malformed.ts';
import { methodAt } from './methods.ts';
import { ResponsePlaces } from './response-places.ts';
import { FIELD_STRIDE, scanMessage, type Scan } from './scan.ts';
import { SipMessage, type StartLine } from './sip-message.ts';
import { schemeEnd } from './sip-uri.ts';

interface Flaw {
  readonly status: number;
  readonly reason: string;
  readonly offset: number;
}

interface ReadLine extends StartLine {
  readonly flaw: Flaw | undefined;
}

/**
 * One complete message: a datagram, a WebSocket frame, or what the stream framer cut. `bytes` belongs to the message then.
 * What stands after the body is ignored (RFC 3261 §18.3).
 */
export function decodeMessage(bytes: Buffer): SipMessage | BadMessage {
  const places = ResponsePlaces.read(bytes);
  if (places === undefined) return decodeFully(bytes);
  const { status, startLineEnd } = places;
  return new SipMessage(bytes, undefined, statusLine(status, startLineEnd), bytes.length, places);
}

/** As `decodeMessage`, whatever it is. */
export function decodeFully(bytes: Buffer): SipMessage | BadMessage {
  if (bytes.length > messageLimits.streamMaxBytes) return unanswerable('a message that is too large', 0);
  const scan = scanMessage(bytes);
  if (scan === undefined) return unanswerable('no start line', 0);
  const start = readStartLine(scan);
  if (start === undefined) return unanswerable('a start line that is neither a request nor a response', scan.start);
  const length = contentLength(scan);
  const available = bytes.length - scan.bodyStart;
  const bodyEnd = length === undefined || length < 0 || length > available ? bytes.length : scan.bodyStart + length;
  const message = new SipMessage(
    bytes.length === bodyEnd ? bytes : bytes.subarray(0, bodyEnd),
    scan,
    start,
    bodyEnd,
    undefined,
  );
  const flaw = start.flaw ?? flawOf(message, length, available);
  return flaw === undefined ? message : badMessage(message, flaw);
}

const bad = (reason: string, offset: number): Flaw => ({ status: 400, reason, offset });

function unanswerable(reason: string, offset: number): BadMessage {
  return { kind: 'bad', status: 0, reason, offset };
}

function badMessage(message: SipMessage, { status, reason, offset }: Flaw): BadMessage {
  // An ACK is never answered (RFC 3261 §17.1.1.3), nor what says not where to.
  const isAnswerable = message.isRequest && message.method !== 'ACK' && message.topVia() !== undefined;
  if (!isAnswerable) return { kind: 'bad', status: 0, reason, offset };
  return { kind: 'bad', status, reason, offset, request: message };
}

/** Undefined for what is no start line at all. */
function readStartLine(scan: Scan): ReadLine | undefined {
  const { head, start, startLineEnd } = scan;
  if (isVersion(head, start) && head.charCodeAt(start + 7) === 0x20) return readStatusLine(head, start, startLineEnd);
  let methodEnd = start;
  while (methodEnd < startLineEnd && isTokenCode(head.charCodeAt(methodEnd))) methodEnd++;
  if (methodEnd === start || head.charCodeAt(methodEnd) !== 0x20) return undefined;
  const lastSpace = head.lastIndexOf(' ', startLineEnd - 1);
  const method = methodAt(head, start, methodEnd);
  const uriStart = methodEnd + 1;
  const flaw = requestLineFlaw(scan, uriStart, lastSpace);
  return { method, status: 0, start: uriStart, end: Math.max(lastSpace, uriStart), flaw };
}

function requestLineFlaw(scan: Scan, uriStart: number, lastSpace: number): Flaw | undefined {
  const { head, startLineEnd } = scan;
  if (startLineEnd - scan.start > messageLimits.startLineMaxBytes) {
    return { status: 414, reason: 'a Request-URI that is too long', offset: uriStart };
  }
  if (lastSpace < uriStart) return bad('a request line without a version', startLineEnd);
  if (!isVersion(head, lastSpace + 1) || startLineEnd !== lastSpace + 8) {
    const isSip = /^SIP\/\d+\.\d+$/i.test(head.slice(lastSpace + 1, startLineEnd));
    if (!isSip) return bad('a request line without a version at its end', lastSpace + 1);
    return { status: 505, reason: 'Version Not Supported', offset: lastSpace + 1 };
  }
  if (schemeEnd(head, uriStart, lastSpace) < 0) return bad('a Request-URI without a scheme', uriStart);
  // Those of the schemes that we know are parsed anyway
  return undefined;
}

const isVersion = (head: string, at: number): boolean =>
  head.startsWith('SIP/2.0', at) || head.slice(at, at + 7).toUpperCase() === 'SIP/2.0';

function readStatusLine(head: string, start: number, end: number): ReadLine | undefined {
  const digitsEnd = start + 11;
  const status = digitsEnd > end ? -1 : parseDecimal(head, start + 8, digitsEnd);
  // The phrase may be empty; a space before it may not be missing, but often is
  if (status < 100 || status > 699 || (digitsEnd < end && head.charCodeAt(digitsEnd) !== 0x20)) return undefined;
  return { method: '', status, start: Math.min(digitsEnd + 1, end), end, flaw: undefined };
}

/** Of a message that begins with it, and whose phrase has its space. */
const statusLine = (status: number, end: number): StartLine => ({ method: '', status, start: 12, end });

/** -1 for a bad one, undefined for none. */
function contentLength(scan: Scan): number | undefined {
  const { fields, fieldCount, text } = scan;
  for (let i = 0; i < fieldCount; i++) {
    if (fields[i * FIELD_STRIDE] === HeaderId.ContentLength) {
      const start = fields[i * FIELD_STRIDE + 2]!;
      const end = fields[(i + 1) * FIELD_STRIDE + 1]! - 2;
      return parseDecimal(text, skipSpaces(text, start, end), trimSpaces(text, start, end));
    }
  }
  return undefined;
}

/** What must be right in every message, so that it can be answered, matched and forwarded. In the order of its cost. */
function flawOf(message: SipMessage, length: number | undefined, available: number): Flaw | undefined {
  const { flaw } = message.scan;
  if (flaw !== undefined) return bad(flaw.reason, flaw.offset);
  if (length === -1) return bad('a bad Content-Length', 0);
  if (length !== undefined && length > available) {
    return bad('a Content-Length that is larger than the message', message.scan.bodyStart);
  }
  const via = message.parsedTopVia();
  if (via === undefined) return bad('no Via', 0);
  if (via instanceof Malformed) return bad(via.reason, via.offset);
  if (via.flaw !== undefined) return bad(`Via with ${via.flaw}`, via.end);
  const cseq = message.parsedCSeq();
  if (cseq instanceof Malformed) return bad(cseq.reason, cseq.offset);
  if (message.callId() === '') return bad('no Call-ID', 0);
  // Who forwards a response does not read From and To: looked at when asked for
  if (!message.isRequest)
    return message.has(HeaderId.From) && message.has(HeaderId.To) ? undefined : bad('no From or To', 0);
  const from = message.parsedFrom();
  if (from instanceof Malformed) return bad(from.reason, from.offset);
  const to = message.parsedTo();
  if (to instanceof Malformed) return bad(to.reason, to.offset);
  if (message.cseq().method !== message.method) return bad('a CSeq that names another method', 0);
  return requestUriFlaw(message);
}

function requestUriFlaw(message: SipMessage): Flaw | undefined {
  const uri = message.requestUri();
  const offset = message.scan.start + message.method.length + 1;
  if (uri === undefined) {
    const scheme = message.requestUriScheme();
    const isOurs = scheme === 'sip' || scheme === 'sips' || scheme === 'tel';
    const isBad = isOurs || !isUriText(message.requestUriText());
    return isBad ? { status: 400, reason: 'a bad Request-URI', offset } : undefined;
  }
  // RFC 3261 §19.1.1: no headers in a Request-URI (RFC 4475 §3.1.2.11)
  return uri.headersText === undefined ? undefined : { status: 400, reason: 'headers in the Request-URI', offset };
}

function isUriText(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isUriCode(text.charCodeAt(at))) return false;
  return true;
}
