import { DecodeError } from '#base';

export type HttpHead = RequestHead | ResponseHead;

interface HeadFields {
  /** `HTTP/1.1` */
  readonly version: string;
  /** In the order of the wire, names as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Undefined if the peer said nothing. */
  readonly contentLength: number | undefined;
  /** The first value under `name`, which compares without case. */
  header(name: string): string | undefined;
}

export interface RequestHead extends HeadFields {
  readonly kind: 'request';
  readonly method: string;
  readonly target: string;
}

export interface ResponseHead extends HeadFields {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
}

/** `lines` without their line ends and without the empty last one. `offset` is for the error only. */
export function parseHead(lines: readonly string[], offset: number): HttpHead {
  const [startLine = '', ...headerLines] = lines;
  const headers = headerLines.map((line) => parseHeader(line, offset));
  const names = headers.map(([name]) => name.toLowerCase());
  const header = (name: string): string | undefined => headers[names.indexOf(name.toLowerCase())]?.[1];
  const fields = { headers, header, contentLength: contentLengthOf(names, headers, offset) };
  return startLine.startsWith('HTTP/')
    ? parseStatusLine(startLine, fields, offset)
    : parseRequestLine(startLine, fields, offset);
}

/** Throws DecodeError unless a message may begin with that line. */
export function checkStartLine(line: string, offset: number): void {
  if (line.startsWith('HTTP/')) statusLine(line, offset);
  else requestLine(line, offset);
}

type OtherFields = Omit<HeadFields, 'version'>;

function requestLine(line: string, offset: number): RegExpExecArray {
  const match = /^([!-~]+) +([!-~]+) +(HTTP\/\d\.\d)$/.exec(line);
  if (match === null)
    throw new DecodeError(`HTTP request line "${shown(line)}" is not "METHOD target HTTP/1.1"`, offset);
  return match;
}

function parseRequestLine(line: string, fields: OtherFields, offset: number): RequestHead {
  const match = requestLine(line, offset);
  return { kind: 'request', method: match[1]!, target: match[2]!, version: match[3]!, ...fields };
}

function statusLine(line: string, offset: number): RegExpExecArray {
  const match = /^(HTTP\/\d\.\d) +(\d{3})(?: +([\t -~\x80-\xff]*))?$/.exec(line);
  if (match === null) throw new DecodeError(`HTTP status line "${shown(line)}" is not "HTTP/1.1 200 OK"`, offset);
  return match;
}

function parseStatusLine(line: string, fields: OtherFields, offset: number): ResponseHead {
  const match = statusLine(line, offset);
  return { kind: 'response', version: match[1]!, status: Number(match[2]), reason: match[3] ?? '', ...fields };
}

/** RFC 9112 §5.1: no blank before the colon; a line that begins with a blank (folding) has no name, and is refused so. */
function parseHeader(line: string, offset: number): readonly [string, string] {
  const match = /^([!-9;-~]+):[ \t]*([\t -~\x80-\xff]*)$/.exec(line);
  if (match === null) throw new DecodeError(`HTTP header line "${shown(line)}" is not "Name: value"`, offset);
  return [match[1]!, match[2]!.trimEnd()];
}

/** RFC 9112 §6.3: lengths that contradict each other cannot be believed. */
function contentLengthOf(names: readonly string[], headers: HttpHead['headers'], offset: number): number | undefined {
  let length: number | undefined;
  for (const [index, [, value]] of headers.entries()) {
    if (names[index] !== 'content-length') continue;
    const given = /^\d{1,15}$/.test(value) ? Number(value) : undefined;
    if (given === undefined || (length !== undefined && length !== given)) {
      throw new DecodeError(`HTTP Content-Length "${shown(value)}" is not one number`, offset);
    }
    length = given;
  }
  return length;
}

function shown(text: string): string {
  return text.slice(0, 80).replace(/[^ -~]/g, '?');
}
