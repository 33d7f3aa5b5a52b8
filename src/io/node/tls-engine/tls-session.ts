import type { TlsInfo } from '../../stream.ts';
import { SLICE_BYTES, type RecordArea } from './record-area.ts';
import type { Native } from './native.ts';

/** <openssl/ssl.h> */
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_ZERO_RETURN = 6;
const ERROR_TEXT_BYTES = 256;

/** How far a handshake, or reading, got. `ended`: by close_notify. */
export type TlsProgress = 'done' | 'wait' | 'ended' | Error;

/** What all sessions of a loop share. */
export class TlsParts {
  readonly native: Native;
  readonly area: RecordArea;
  readonly #infos = new Map<number, TlsInfo>();

  constructor(native: Native, area: RecordArea) {
    this.native = native;
    this.area = area;
  }

  /** The same object for all that agreed on the same. */
  infoOf(session: number): TlsInfo {
    const { ssl } = this.native;
    const cipher = ssl.cipher(session);
    const known = this.#infos.get(cipher);
    if (known !== undefined) return known;
    const info = { protocol: ssl.version(session), cipher: ssl.cipherName(cipher), peerCertificate: undefined };
    this.#infos.set(cipher, info);
    return info;
  }
}

/**
 * An SSL object of OpenSSL, server side, and the only one that knows its address. What it writes is in the record area when a
 * call returns, and must be taken from there before anything else happens.
 */
export class TlsSession {
  readonly #parts: TlsParts;
  /** 0: freed. */
  #ssl: number;
  /** The session whose resumption is allowed while a new handshake is under way. */
  #resumable = 0;

  /** @throws Error where OpenSSL has no memory for it. */
  constructor(parts: TlsParts, context: number) {
    const { ssl } = parts.native;
    this.#parts = parts;
    this.#ssl = ssl.create(context);
    if (this.#ssl === 0) throw new Error('no memory for a TLS session');
    parts.area.attach(this.#ssl);
    ssl.setAccepting(this.#ssl);
  }

  /** To be asked when the handshake is done. */
  get info(): TlsInfo {
    return this.#parts.infoOf(this.#live());
  }

  /** Goes on with the handshake, with `length` bytes received. */
  handshake(length: number): TlsProgress {
    const { native, area } = this.#parts;
    const session = this.#live();
    native.ssl.clearErrors();
    area.feed(length);
    const result = native.ssl.handshake(session);
    return result === 1 ? 'done' : this.#progress(result);
  }

  /** Decrypts what was fed, to the area for plain bytes. `decryptedBytes` says how much it was. */
  decrypt(): TlsProgress {
    const { native, area } = this.#parts;
    const { ssl } = native;
    const session = this.#live();
    let at = 0;
    let result = 0;
    while (at < area.plain.length) {
      result = ssl.read(session, area.plainAddress + at, area.plain.length - at);
      if (result <= 0) break;
      at += result;
    }
    this.decryptedBytes = at;
    return this.#progress(result);
  }

  decryptedBytes = 0;

  /** The same for `length` bytes received. */
  read(length: number): TlsProgress {
    const { native, area } = this.#parts;
    native.ssl.clearErrors();
    area.feed(length);
    return this.decrypt();
  }

  /** Takes at most `SLICE_BYTES`. 'wait': nothing was taken, a handshake has to go on first. */
  encrypt(bytes: Uint8Array): TlsProgress {
    if (bytes.length === 0) return 'done';
    if (bytes.length > SLICE_BYTES) throw new RangeError(`${bytes.length} bytes do not fit into the area for records`);
    const { native, area } = this.#parts;
    const session = this.#live();
    native.ssl.clearErrors();
    area.feed(0);
    const result = native.ssl.write(session, bytes, bytes.length);
    return result === bytes.length ? 'done' : this.#progress(result);
  }

  /** Writes close_notify. */
  notifyClose(): void {
    const { native, area } = this.#parts;
    area.feed(0);
    native.ssl.shutdown(this.#live());
    native.ssl.clearErrors();
  }

  /** Asks the client for a new handshake, which resumes the session of the first one. */
  requestHandshake(): boolean {
    const { native, area } = this.#parts;
    const { ssl } = native;
    const session = this.#live();
    ssl.clearErrors();
    area.feed(0);
    this.#resumable = ssl.session(session);
    if (this.#resumable !== 0) ssl.addSession(ssl.contextOf(session), this.#resumable);
    const isDone = ssl.renegotiate(session) === 1 && ssl.handshake(session) === 1;
    ssl.clearErrors();
    return isDone;
  }

  /** A handshake that was asked for is not over. */
  get isRenegotiating(): boolean {
    return this.#ssl !== 0 && this.#parts.native.ssl.isRenegotiating(this.#ssl) !== 0;
  }

  /** Nobody may resume the session any more. */
  forgetSession(): void {
    if (this.#resumable === 0) return;
    const { ssl } = this.#parts.native;
    ssl.removeSession(ssl.contextOf(this.#live()), this.#resumable);
    ssl.freeSession(this.#resumable);
    this.#resumable = 0;
  }

  /** Writes nothing. */
  free(): void {
    if (this.#ssl === 0) return;
    this.forgetSession();
    const session = this.#ssl;
    this.#ssl = 0;
    this.#parts.native.ssl.free(session);
  }

  #live(): number {
    if (this.#ssl === 0) throw new Error('the TLS session is over');
    return this.#ssl;
  }

  #progress(result: number): TlsProgress {
    const { ssl } = this.#parts.native;
    const error = ssl.errorOf(this.#ssl, result);
    if (error === SSL_ERROR_WANT_READ) return 'wait';
    if (error === SSL_ERROR_ZERO_RETURN) return 'ended';
    const text = Buffer.alloc(ERROR_TEXT_BYTES);
    ssl.errorText(ssl.lastError(), text, text.length);
    ssl.clearErrors();
    return new Error(text.toString('latin1', 0, text.indexOf(0)));
  }
}
