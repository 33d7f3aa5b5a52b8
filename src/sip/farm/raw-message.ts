/** What is needed to know whose a message is, read from its bytes as they are usually written; all else is left to the parser. */
export interface RawResponse {
  readonly kind: 'response';
  readonly status: number;
  /** Of our Via. */
  readonly branch: string;
  /** Which member waits for it; empty: nobody does. */
  readonly member: string;
  /** Where our Via is in the message, with what divides it from the next one. */
  readonly viaStart: number;
  readonly viaEnd: number;
  /** Where the value of the next one is, and the end of its line; -1: it is not where it usually is. */
  readonly nextStart: number;
  readonly nextEnd: number;
}

export interface RawRequest {
  readonly kind: 'request';
  readonly callId: string;
}

const kind = 'response';
const HEAD_MAX = 4096;
/** `SIP/2.0 200 ` */
const RESPONSE = 'SIP/2.0 ';
const STATUS_END = RESPONSE.length + 3;
/** Every branch of a farm begins so. */
const BRANCH = ';branch=z9hG4bKhf.';
const MEMBER = ';hf=';
const VIA = 'Via: ';
const CALL_ID = 'Call-ID: ';
/** Those whose place is not decided by their Call-ID alone. */
const notByCallId = /^(?:REGISTER|OPTIONS?) /;
const routing = /^(?:route|call-id|i)[\s:]/i;

/** The head as text, one character for each byte. undefined: what has to be known may be behind what is looked at. */
export function headOf(bytes: Buffer): string | undefined {
  const head = bytes.toString('latin1', 0, Math.min(bytes.length, HEAD_MAX));
  return bytes.length <= HEAD_MAX || head.includes('\r\n\r\n') ? head : undefined;
}

/** undefined: no response, or not to us, or one that the parser shall look at. */
export function readRawResponse(head: string): RawResponse | undefined {
  if (!head.startsWith(RESPONSE)) return undefined;
  const status = Number(head.slice(RESPONSE.length, STATUS_END));
  let at = head.indexOf('\r\n') + 2;
  // The top Via is the first of its name, wherever it is.
  while (at > 1 && !isVia(head.charCodeAt(at))) at = head.indexOf('\r\n', at) + 2;
  if (at < 2 || !head.startsWith(VIA, at) || !(status >= 100 && status < 700)) return undefined;
  const lineEnd = head.indexOf('\r\n', at);
  if (lineEnd < 0 || isFolded(head, lineEnd)) return undefined;
  const line = head.slice(at, lineEnd);
  const comma = line.indexOf(',');
  const element = comma < 0 ? line : line.slice(0, comma);
  const branchAt = element.indexOf(BRANCH);
  if (branchAt < 0 || element.includes('"')) return undefined;
  const branch = valueAt(element, branchAt + ';branch='.length);
  const memberAt = element.indexOf(MEMBER);
  const member = memberAt < 0 ? '' : valueAt(element, memberAt + MEMBER.length);
  if (comma >= 0) {
    const next = at + comma + 1;
    return { kind, status, branch, member, viaStart: at + VIA.length, viaEnd: next, nextStart: next, nextEnd: lineEnd };
  }
  const next = lineEnd + 2;
  const nextEnd = head.startsWith(VIA, next) ? head.indexOf('\r\n', next) : -1;
  const nextStart = nextEnd < 0 || isFolded(head, nextEnd) ? -1 : next + VIA.length;
  return { kind, status, branch, member, viaStart: at, viaEnd: next, nextStart, nextEnd };
}

/** undefined: no request that its Call-ID alone decides about, or one that the parser shall look at. */
export function readRawRequest(head: string): RawRequest | undefined {
  const lineEnd = head.indexOf('\r\n');
  if (lineEnd < 0 || !head.startsWith(' SIP/2.0', lineEnd - 8) || notByCallId.test(head)) return undefined;
  const line = head.slice(0, lineEnd);
  if (!line.includes(' sip:') || !line.includes('@') || line.includes(MEMBER)) return undefined;
  let callId: string | undefined;
  for (let at = lineEnd + 2; ;) {
    const end = head.indexOf('\r\n', at);
    if (end < 0) return undefined;
    if (end === at) break;
    if (isFolded(head, end)) return undefined;
    switch (head.charCodeAt(at) | 0x20) {
      case 0x63: // c
      case 0x69: // i
      case 0x72: // r
        if (callId === undefined && head.startsWith(CALL_ID, at)) callId = head.slice(at + CALL_ID.length, end);
        else if (routing.test(head.slice(at, at + 8))) return undefined;
    }
    at = end + 2;
  }
  return callId === undefined || callId.trim() !== callId ? undefined : { kind: 'request', callId };
}

const isVia = (code: number): boolean => code === 0x56 || code === 0x76;

function isFolded(head: string, lineEnd: number): boolean {
  const next = head.charCodeAt(lineEnd + 2);
  return next === 0x20 || next === 0x09;
}

function valueAt(element: string, start: number): string {
  const end = element.indexOf(';', start);
  return (end < 0 ? element.slice(start) : element.slice(start, end)).trim();
}
