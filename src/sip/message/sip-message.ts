import { parseDecimal, skipQuoted, skipSpaces, trimSpaces } from './characters.ts';
import { parseCSeq, type CSeq } from './cseq.ts';
import { parseDigest, type DigestCredentials } from './digest.ts';
import { HeaderId } from './header-id.ts';
import { headerIdOf } from './header-names.ts';
import { messageLimits } from './limits.ts';
import { Malformed } from './malformed.ts';
import { NameAddr, parseNameAddr, parseNameAddrs } from './name-addr.ts';
import type { ResponsePlaces } from './response-places.ts';
import { FIELD_STRIDE, scanMessage, type Scan } from './scan.ts';
import { parseSipUri, uriScheme, type SipUri } from './sip-uri.ts';
import { parseVia, Via } from './via.ts';

/** What the start line says: one kind of object for both, since each message has one. */
export interface StartLine {
  /** Empty for a response. */
  readonly method: string;
  /** Of a response; 0 for a request. */
  readonly status: number;
  /** Where the Request-URI or the reason phrase is. */
  readonly start: number;
  readonly end: number;
}

/** Marks what has not been parsed yet. */
const notParsed = Symbol('not parsed');
type Lazy<T> = T | typeof notParsed;

/**
 * A request or response: a view of its bytes, which belong to it and do not change. What is in a header field is parsed
 * when asked for, once; a plain response is not even scanned before. All text is bytes as Latin-1 (see `fromWireText`); parts of it
 * keep the whole message alive (see `ownText`). Made by `decodeMessage`; CSeq, Call-ID, the topmost Via and, of a request, From, To and a Request-URI
 * of a known scheme are then known to be sound.
 */
export class SipMessage {
  readonly bytes: Buffer;
  readonly isRequest: boolean;
  /** Of a response: 100 … 699. 0 for a request. */
  readonly status: number;
  /** Of a plain response, which is scanned when somebody asks for more. */
  readonly places: ResponsePlaces | undefined;
  #scan: Scan | undefined;
  readonly #startLine: StartLine;
  readonly #bodyEnd: number;
  #requestUri: Lazy<SipUri | undefined> = notParsed;
  #topVia: Lazy<Via | Malformed | undefined> = notParsed;
  #cseq: Lazy<CSeq | Malformed> = notParsed;
  #from: Lazy<NameAddr | Malformed> = notParsed;
  #to: Lazy<NameAddr | Malformed> = notParsed;
  #callId: string | undefined;
  #routes: Lazy<readonly NameAddr[] | Malformed> = notParsed;
  #contacts: Lazy<readonly NameAddr[] | '*' | Malformed> = notParsed;

  /** Either `scan` or `places`. */
  constructor(
    bytes: Buffer,
    scan: Scan | undefined,
    startLine: StartLine,
    bodyEnd: number,
    places: ResponsePlaces | undefined,
  ) {
    this.bytes = bytes;
    this.#scan = scan;
    this.places = places;
    this.#startLine = startLine;
    this.#bodyEnd = bodyEnd;
    this.isRequest = startLine.status === 0;
    this.status = startLine.status;
  }

  /** Where things are, for those who edit. */
  get scan(): Scan {
    this.#scan ??= scanMessage(this.bytes)!;
    return this.#scan;
  }

  /** Of a response, that of the request that it answers. Known methods are shared strings. */
  get method(): string {
    return this.isRequest ? this.#startLine.method : this.cseq().method;
  }

  /** The reason phrase of a response; empty for a request. */
  reason(): string {
    return this.isRequest ? '' : this.scan.head.slice(this.#startLine.start, this.#startLine.end);
  }

  /** As written; empty for a response. */
  requestUriText(): string {
    return this.isRequest ? this.scan.head.slice(this.#startLine.start, this.#startLine.end) : '';
  }

  /** Undefined for a scheme that is neither sip, sips nor tel: 416. */
  requestUri(): SipUri | undefined {
    if (this.#requestUri === notParsed) {
      const { start, end } = this.#startLine;
      this.#requestUri = this.isRequest ? parseSipUri(this.scan.head, start, end) : undefined;
    }
    return this.#requestUri;
  }

  /** In lower case; undefined for a response. */
  requestUriScheme(): string | undefined {
    const { start, end } = this.#startLine;
    return this.isRequest ? uriScheme(this.scan.head, start, end) : undefined;
  }

  /** Index of the first field with this id, from field `from` on; -1 if there is none. */
  indexOf(id: HeaderId, from = 0): number {
    const { fields, fieldCount } = this.scan;
    for (let i = from; i < fieldCount; i++) if (fields[i * FIELD_STRIDE] === id) return i;
    return -1;
  }

  /** Where the value of a field starts in `scan.text`, without spaces. */
  valueStart(index: number): number {
    const { text, fields } = this.scan;
    return skipSpaces(text, fields[index * FIELD_STRIDE + 2]!, this.#lineEnd(index));
  }

  /** Where the value of a field ends in `scan.text`, without spaces. */
  valueEnd(index: number): number {
    const { text, fields } = this.scan;
    return trimSpaces(text, fields[index * FIELD_STRIDE + 2]!, this.#lineEnd(index));
  }

  /** Where the line of a field starts, and with `index + 1` where it ends, CR LF included. */
  lineStart(index: number): number {
    return this.scan.fields[index * FIELD_STRIDE + 1]!;
  }

  #lineEnd(index: number): number {
    return Math.max(this.lineStart(index + 1) - 2, this.scan.fields[index * FIELD_STRIDE + 2]!);
  }

  has(id: HeaderId): boolean {
    return this.indexOf(id) >= 0;
  }

  /** How many lines have this field. */
  count(id: HeaderId): number {
    let found = 0;
    for (let index = this.indexOf(id); index >= 0; index = this.indexOf(id, index + 1)) found++;
    return found;
  }

  /** Value of the first line, unfolded and trimmed. */
  value(id: HeaderId): string | undefined {
    const index = this.indexOf(id);
    return index < 0 ? undefined : this.#valueAt(index);
  }

  /** Value of each line. */
  values(id: HeaderId): string[] {
    const found: string[] = [];
    for (let index = this.indexOf(id); index >= 0; index = this.indexOf(id, index + 1))
      found.push(this.#valueAt(index));
    return found;
  }

  /** Elements of a comma-separated list over all its lines, trimmed; empty ones are left out. */
  elements(id: HeaderId): string[] {
    const found: string[] = [];
    for (let index = this.indexOf(id); index >= 0; index = this.indexOf(id, index + 1)) {
      let at = this.valueStart(index);
      const end = this.valueEnd(index);
      while (at < end && found.length < messageLimits.maxElements) {
        const elementEnd = skipElement(this.scan.text, at, end);
        const element = this.scan.text.slice(at, elementEnd).trim();
        if (element !== '') found.push(element);
        at = elementEnd + 1;
      }
    }
    return found;
  }

  /** Value of the first line of a field by its name, in any case: for those without an id. */
  valueOf(name: string): string | undefined {
    const id = headerIdOf(name);
    if (id !== HeaderId.Unknown) return this.value(id);
    const wanted = name.toLowerCase();
    for (let index = this.indexOf(HeaderId.Unknown); index >= 0; index = this.indexOf(HeaderId.Unknown, index + 1)) {
      if (this.nameAt(index).toLowerCase() === wanted) return this.#valueAt(index);
    }
    return undefined;
  }

  /** Name of a field as written. */
  nameAt(index: number): string {
    return this.scan.head.slice(this.lineStart(index), this.scan.fields[index * FIELD_STRIDE + 2]! - 1).trimEnd();
  }

  #valueAt(index: number): string {
    return this.scan.text.slice(this.valueStart(index), this.valueEnd(index));
  }

  /** Undefined only for a response that this server made without one, or in a bad message. */
  topVia(): Via | undefined {
    const via = this.parsedTopVia();
    return via instanceof Via ? via : undefined;
  }

  parsedTopVia(): Via | Malformed | undefined {
    if (this.#topVia === notParsed) {
      const index = this.indexOf(HeaderId.Via);
      this.#topVia = index < 0 ? undefined : parseVia(this.scan.text, this.valueStart(index), this.valueEnd(index));
    }
    return this.#topVia;
  }

  /** All of them, topmost first. */
  vias(): readonly Via[] | Malformed {
    const found: Via[] = [];
    for (let index = this.indexOf(HeaderId.Via); index >= 0; index = this.indexOf(HeaderId.Via, index + 1)) {
      const end = this.valueEnd(index);
      for (let at = this.valueStart(index); at < end;) {
        const via = parseVia(this.scan.text, at, end);
        if (via instanceof Malformed) return via;
        if (via.flaw !== undefined) return new Malformed(`Via with ${via.flaw}`, via.end);
        if (found.push(via) > messageLimits.maxVias) return new Malformed('too many Vias', at);
        at = via.end + 1;
      }
    }
    return found;
  }

  callId(): string {
    return (this.#callId ??= this.value(HeaderId.CallId) ?? '');
  }

  cseq(): CSeq {
    const cseq = this.parsedCSeq();
    return cseq instanceof Malformed ? { number: 0, method: '' } : cseq;
  }

  parsedCSeq(): CSeq | Malformed {
    if (this.#cseq === notParsed) this.#cseq = this.#parseCSeq();
    return this.#cseq;
  }

  #parseCSeq(): CSeq | Malformed {
    const { places } = this;
    if (places !== undefined) return { number: places.cseq, method: places.method };
    const index = this.indexOf(HeaderId.CSeq);
    if (index < 0) return new Malformed('no CSeq', 0);
    return parseCSeq(this.scan.text, this.valueStart(index), this.valueEnd(index));
  }

  /** Of a response with a bad one, an empty address. */
  from(): NameAddr {
    const from = this.parsedFrom();
    return from instanceof Malformed ? noAddress : from;
  }

  parsedFrom(): NameAddr | Malformed {
    if (this.#from === notParsed) this.#from = this.#address(HeaderId.From, 'From');
    return this.#from;
  }

  /** Of a response with a bad one, an empty address. */
  to(): NameAddr {
    const to = this.parsedTo();
    return to instanceof Malformed ? noAddress : to;
  }

  parsedTo(): NameAddr | Malformed {
    if (this.#to === notParsed) this.#to = this.#parseTo();
    return this.#to;
  }

  #parseTo(): NameAddr | Malformed {
    const { places } = this;
    if (places === undefined || this.#scan !== undefined) return this.#address(HeaderId.To, 'To');
    const text = this.bytes.toString('latin1', places.toStart, places.toEnd);
    return onlyAddress(text, 0, text.length, 'To');
  }

  #address(id: HeaderId, field: string): NameAddr | Malformed {
    const index = this.indexOf(id);
    if (index < 0) return new Malformed(`no ${field}`, 0);
    return onlyAddress(this.scan.text, this.valueStart(index), this.valueEnd(index), field);
  }

  /** Empty where there is no such field, or a bad one. */
  routes(): readonly NameAddr[] | Malformed {
    if (this.#routes === notParsed) this.#routes = this.addresses(HeaderId.Route, 'Route');
    return this.#routes;
  }

  recordRoutes(): readonly NameAddr[] | Malformed {
    return this.addresses(HeaderId.RecordRoute, 'Record-Route');
  }

  paths(): readonly NameAddr[] | Malformed {
    return this.addresses(HeaderId.Path, 'Path');
  }

  /** `*` is RFC 3261 §10.2.2: all bindings. */
  contacts(): readonly NameAddr[] | '*' | Malformed {
    if (this.#contacts === notParsed) {
      this.#contacts =
        this.value(HeaderId.Contact) === '*' && this.count(HeaderId.Contact) === 1
          ? '*'
          : this.addresses(HeaderId.Contact, 'Contact');
    }
    return this.#contacts;
  }

  /** All addresses of a list field, over all its lines. `field` is for the reason of a Malformed. */
  addresses(id: HeaderId, field: string): readonly NameAddr[] | Malformed {
    let found: NameAddr[] = [];
    for (let index = this.indexOf(id); index >= 0; index = this.indexOf(id, index + 1)) {
      const line = parseNameAddrs(this.scan.text, this.valueStart(index), this.valueEnd(index), field);
      if (line instanceof Malformed) return line;
      found = found.length === 0 ? line : found.concat(line);
      if (found.length > messageLimits.maxElements) return new Malformed(`too many addresses in ${field}`, 0);
    }
    return found;
  }

  /** Undefined where there is none, or one above 255, which RFC 4475 §3.1.2.4 lets us take for none. */
  maxForwards(): number | undefined {
    const value = this.number(HeaderId.MaxForwards);
    return value === undefined || value > messageLimits.maxMaxForwards ? undefined : value;
  }

  /** Seconds. Undefined where there is none or a bad one (RFC 3261 §10.2.1.1), at most 2^32 - 1. */
  expires(): number | undefined {
    const value = this.number(HeaderId.Expires);
    return value === undefined ? undefined : Math.min(value, messageLimits.maxExpiresS);
  }

  /** A field that is an unsigned number; undefined where there is none or a bad one. */
  number(id: HeaderId): number | undefined {
    const index = this.indexOf(id);
    if (index < 0) return undefined;
    const value = parseDecimal(this.scan.text, this.valueStart(index), this.valueEnd(index));
    return value < 0 ? undefined : value;
  }

  /** Credentials or challenges of the Digest scheme, in order; other schemes and bad ones are left out. */
  authorizations(id: HeaderId): DigestCredentials[] {
    const found: DigestCredentials[] = [];
    for (let index = this.indexOf(id); index >= 0; index = this.indexOf(id, index + 1)) {
      const digest = parseDigest(this.scan.text, this.valueStart(index), this.valueEnd(index));
      if (digest !== undefined) found.push(digest);
    }
    return found;
  }

  /** Untouched. */
  body(): Buffer {
    return this.bytes.subarray(this.scan.bodyStart, this.#bodyEnd);
  }

  /** As Latin-1. */
  bodyText(): string {
    const { head, bodyStart } = this.scan;
    // The text of a short message is there already.
    return head.length >= this.#bodyEnd ? head.slice(bodyStart, this.#bodyEnd) : this.body().toString('latin1');
  }

  get bodyLength(): number {
    return this.#bodyEnd - this.scan.bodyStart;
  }
}

/** In the place of an address that a bad message does not have. */
const noAddress = new NameAddr('', 0, 0, 0, 0, 0, 0, undefined);

function onlyAddress(text: string, start: number, end: number, field: string): NameAddr | Malformed {
  const address = parseNameAddr(text, start, end, field);
  if (address instanceof Malformed || address.end === end) return address;
  return new Malformed(`${field} with more than one address`, address.end);
}

/** The place of the comma that ends the element at `start`, or `end`. Commas in quotes and in "<>" are text. */
export function skipElement(text: string, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x2c) return at;
    if (code === 0x22) {
      const close = skipQuoted(text, at, end);
      if (close < 0) return end;
      at = close - 1;
    } else if (code === 0x3c) {
      const close = text.indexOf('>', at);
      if (close < 0 || close >= end) return end;
      at = close;
    }
  }
  return end;
}
