import { fieldLine, checkFieldText, type HeaderLine } from './field-text.ts';
import { HeaderId } from './header-id.ts';
import { reasonPhrase } from './reason-phrases.ts';
import { FIELD_STRIDE } from './scan.ts';
import type { SipMessage } from './sip-message.ts';

export interface ResponseOptions {
  /** The usual phrase where it is not given. Characters that may not stand in one become spaces. */
  readonly reason?: string;
  /** Added to To where it has none (RFC 3261 §8.2.6.2); not for 100. */
  readonly toTag?: string;
  /** Text instead of the topmost Via of the request: with `received` and `rport` (§18.2.1). */
  readonly topVia?: string;
  /** One element of Record-Route above those of the request: the server stays in the way to itself. */
  readonly recordRoute?: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

const ALWAYS = 1;
const WHEN_DIALOG = 2;
const WHEN_TRYING = 3;

/** What a response has of its request (RFC 3261 §8.2.6), by the number of the field. */
const copied: readonly (number | undefined)[] = (() => {
  const table: (number | undefined)[] = new Array<number | undefined>(128).fill(undefined);
  for (const id of [HeaderId.Via, HeaderId.From, HeaderId.To, HeaderId.CallId, HeaderId.CSeq]) table[id] = ALWAYS;
  table[HeaderId.RecordRoute] = WHEN_DIALOG;
  table[HeaderId.Timestamp] = WHEN_TRYING;
  return table;
})();

/**
 * An answer to `request`, which may be one that came in a BadMessage: lines are copied as they are, in their order. Those
 * that make a dialog carry Record-Route back (§12.1.1), a 100 has Timestamp (§8.2.6.1).
 */
export function buildResponse(request: SipMessage, status: number, options: ResponseOptions = {}): Buffer {
  const reason = options.reason === undefined ? reasonPhrase(status) : options.reason.replace(/[^\x20-\xff]/g, ' ');
  const { recordRoute } = options;
  const route = recordRoute === undefined ? '' : fieldLine(HeaderId.RecordRoute, recordRoute);
  const text = `SIP/2.0 ${status} ${reason}\r\n${route}${copiedLines(request, status, options)}`;
  return withBody(text, options.headers, options.body, options.contentType);
}

export interface RequestParts {
  readonly method: string;
  readonly requestUri: string;
  /** Via, From, To, Call-ID, CSeq, Max-Forwards and what else there shall be, in order. Content-Length is added. */
  readonly headers: readonly HeaderLine[];
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

export function buildRequest(parts: RequestParts): Buffer {
  checkFieldText(parts.requestUri);
  const text = `${parts.method} ${parts.requestUri} SIP/2.0\r\n`;
  return withBody(text, parts.headers, parts.body, parts.contentType);
}

function withBody(
  start: string,
  headers: readonly HeaderLine[] | undefined,
  body: Uint8Array | undefined,
  contentType: string | undefined,
): Buffer {
  let text = start;
  if (headers !== undefined) for (const [field, value] of headers) text += fieldLine(field, value);
  if (contentType !== undefined) text += fieldLine(HeaderId.ContentType, contentType);
  const length = body === undefined ? 0 : body.length;
  text += `Content-Length: ${length}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(text.length + length);
  bytes.write(text, 0, 'latin1');
  if (body !== undefined) bytes.set(body, text.length);
  return bytes;
}

function copiedLines(request: SipMessage, status: number, options: ResponseOptions): string {
  const { head, fields, fieldCount } = request.scan;
  const makesDialog = status > 100 && status < 300 && isDialogMaking(request.method);
  let text = '';
  let runStart = -1;
  let hasTopVia = false;
  for (let index = 0; index <= fieldCount; index++) {
    const id = index < fieldCount ? fields[index * FIELD_STRIDE]! : HeaderId.Unknown;
    const rule = copied[id];
    const isWanted =
      rule === ALWAYS || (rule === WHEN_DIALOG && makesDialog) || (rule === WHEN_TRYING && status === 100);
    const changed = isWanted ? changedLine(request, index, id, hasTopVia, status, options) : undefined;
    if (id === HeaderId.Via) hasTopVia = true;
    if (isWanted && changed === undefined) {
      if (runStart < 0) runStart = request.lineStart(index);
      continue;
    }
    if (runStart >= 0) text += head.slice(runStart, request.lineStart(index));
    runStart = -1;
    if (changed !== undefined) text += changed;
  }
  return text;
}

/** The line of a field that is not copied as it is. */
function changedLine(
  request: SipMessage,
  index: number,
  id: number,
  hasTopVia: boolean,
  status: number,
  options: ResponseOptions,
): string | undefined {
  if (id === HeaderId.To && options.toTag !== undefined && status > 100 && request.to().tag === undefined) {
    checkFieldText(options.toTag);
    return `${lineText(request, index)};tag=${options.toTag}\r\n`;
  }
  if (id === HeaderId.Via && !hasTopVia && options.topVia !== undefined) {
    checkFieldText(options.topVia);
    const via = request.topVia();
    const rest = via === undefined ? '' : request.scan.text.slice(via.end, request.valueEnd(index));
    return `Via: ${options.topVia}${rest}\r\n`;
  }
  return undefined;
}

const lineText = (request: SipMessage, index: number): string =>
  request.scan.text.slice(request.lineStart(index), request.valueEnd(index));

const isDialogMaking = (method: string): boolean =>
  method === 'INVITE' || method === 'SUBSCRIBE' || method === 'REFER' || method === 'NOTIFY';
