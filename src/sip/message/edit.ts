import { checkFieldText, fieldLine } from './field-text.ts';
import { HeaderId } from './header-id.ts';
import { skipElement, type SipMessage } from './sip-message.ts';

/**
 * Changes to a message, written out once. Bytes that no change touches are copied as they are. Elements and fields that
 * the methods speak of are those of the message, not those that were put in; put in is at the top, or at the end.
 */
export class MessageEdit {
  readonly #message: SipMessage;
  /** Text instead of the line of each field that is changed, CR LF included; empty where it is removed. */
  readonly #lines: (string | undefined)[];
  #requestUri: string | undefined;
  #prepended = '';
  #appended = '';
  #body: Uint8Array | undefined;

  constructor(message: SipMessage) {
    this.#message = message;
    this.#lines = new Array<string | undefined>(message.scan.fieldCount).fill(undefined);
  }

  setRequestUri(text: string): void {
    checkFieldText(text);
    this.#requestUri = text;
  }

  setMaxForwards(hops: number): void {
    this.set(HeaderId.MaxForwards, String(hops));
  }

  /** A new line before all others: the new first element of a list. The last one put in stands first. */
  prepend(field: HeaderId | string, value: string): void {
    this.#prepended = fieldLine(field, value) + this.#prepended;
  }

  /** A new line after all others. */
  append(field: HeaderId | string, value: string): void {
    this.#appended += fieldLine(field, value);
  }

  /** One line with this value in the place of the first one that is there, none in the place of the others. */
  set(id: HeaderId, value: string): void {
    const index = this.#firstLine(id);
    if (index < 0) {
      this.append(id, value);
      return;
    }
    this.removeAll(id);
    this.#lines[index] = fieldLine(id, value);
  }

  removeAll(id: HeaderId): void {
    const message = this.#message;
    for (let index = message.indexOf(id); index >= 0; index = message.indexOf(id, index + 1)) this.#lines[index] = '';
  }

  /** Takes the topmost element away: of Via, of Route. Nothing happens where there is none. */
  removeFirstElement(id: HeaderId): void {
    this.#changeFirstElement(id, undefined);
  }

  /** Nothing happens where there is none. */
  replaceFirstElement(id: HeaderId, value: string): void {
    checkFieldText(value);
    this.#changeFirstElement(id, value);
  }

  /** Over UDP it may be missing; on a connection it must be there (RFC 3261 §20.14). */
  ensureContentLength(): void {
    if (this.#message.has(HeaderId.ContentLength)) return;
    this.append(HeaderId.ContentLength, String(this.#message.body().length));
  }

  /** Content-Length is set with it; Content-Type too where it is given. */
  setBody(body: Uint8Array, contentType?: string): void {
    this.#body = body;
    this.set(HeaderId.ContentLength, String(body.length));
    if (contentType !== undefined) this.set(HeaderId.ContentType, contentType);
    else if (body.length === 0) this.removeAll(HeaderId.ContentType);
  }

  #firstLine(id: HeaderId): number {
    const message = this.#message;
    let index = message.indexOf(id);
    while (index >= 0 && this.#lines[index] === '') index = message.indexOf(id, index + 1);
    return index;
  }

  #changeFirstElement(id: HeaderId, value: string | undefined): void {
    const index = this.#firstLine(id);
    if (index < 0) return;
    const message = this.#message;
    const changed = this.#lines[index];
    const text = changed ?? message.scan.text;
    const lineStart = changed === undefined ? message.lineStart(index) : 0;
    const start = changed === undefined ? message.valueStart(index) : changed.indexOf(':') + 2;
    const end = changed === undefined ? message.valueEnd(index) : changed.length - 2;
    const comma = skipElement(text, start, end);
    if (value !== undefined)
      this.#lines[index] = `${text.slice(lineStart, start)}${value}${text.slice(comma, end)}\r\n`;
    else if (comma >= end) this.#lines[index] = '';
    else this.#lines[index] = `${text.slice(lineStart, start)}${text.slice(comma + 1, end).trimStart()}\r\n`;
  }

  serialise(): Buffer {
    const { scan, bodyLength } = this.#message;
    const startLine = this.#startLine();
    const bytes = Buffer.allocUnsafe(
      startLine.length + this.#prepended.length + this.#fieldsLength() + this.#appended.length + 2 + this.#bodyLength(),
    );
    let at = bytes.write(startLine, 'latin1');
    at += bytes.write(this.#prepended, at, 'latin1');
    at = this.#writeFields(bytes, at);
    at += bytes.write(`${this.#appended}\r\n`, at, 'latin1');
    if (this.#body !== undefined) bytes.set(this.#body, at);
    else if (bodyLength > 0) this.#message.bytes.copy(bytes, at, scan.bodyStart, scan.bodyStart + bodyLength);
    return bytes;
  }

  #startLine(): string {
    const { scan } = this.#message;
    if (this.#requestUri === undefined) return scan.head.slice(scan.start, scan.startLineEnd + 2);
    return `${this.#message.method} ${this.#requestUri} SIP/2.0\r\n`;
  }

  #bodyLength(): number {
    return this.#body === undefined ? this.#message.bodyLength : this.#body.length;
  }

  #fieldsLength(): number {
    const message = this.#message;
    const lines = this.#lines;
    let length = message.lineStart(lines.length) - message.lineStart(0);
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index];
      if (line !== undefined) length += line.length - message.lineStart(index + 1) + message.lineStart(index);
    }
    return length;
  }

  /** Where the next byte goes. */
  #writeFields(to: Buffer, start: number): number {
    const message = this.#message;
    const { bytes } = message;
    const lines = this.#lines;
    let at = start;
    let from = 0;
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index];
      if (line === undefined) continue;
      if (index > from) at += bytes.copy(to, at, message.lineStart(from), message.lineStart(index));
      if (line !== '') at += to.write(line, at, 'latin1');
      from = index + 1;
    }
    return at + bytes.copy(to, at, message.lineStart(from), message.lineStart(lines.length));
  }
}
