import type { ServerIdentity, TlsVersion } from '../../listener.ts';
import { CIPHERS, type SecureContexts } from '../secure-contexts.ts';
import type { Native, OpenSsl } from './native.ts';

/** <openssl/ssl.h> */
const SSL_CTRL_MODE = 33;
const SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 0x2;
const SSL_MODE_RELEASE_BUFFERS = 0x10;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_SESS_CACHE_SERVER = 0x2;
const SSL_SESS_CACHE_NO_AUTO_CLEAR = 0x80;
const SSL_SESS_CACHE_NO_INTERNAL_STORE = 0x200;
const SSL_CTRL_CHAIN_CERT = 89;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
const SSL_OP_NO_TICKET = 2 ** 14;
const SSL_OP_CIPHER_SERVER_PREFERENCE = 2 ** 22;

const VERSIONS: Readonly<Record<TlsVersion, number>> = { 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 };
const isSuite = (name: string): boolean => name.startsWith('TLS_');
const SUITES = CIPHERS.split(':').filter(isSuite).join(':');
const LIST = CIPHERS.split(':')
  .filter((name) => !isSuite(name))
  .join(':');

/**
 * The same settings as `SecureContexts`, for the TLS engine: an SSL_CTX of OpenSSL for each identity and version. The runtime
 * reads the identity first, so that one that cannot be used gives the same error.
 */
export class ServerContexts {
  readonly #native: Native;
  readonly #checked: SecureContexts;
  readonly #identity: () => ServerIdentity;
  #current: ServerIdentity | undefined;
  readonly #contexts = new Map<TlsVersion, number>();

  constructor(native: Native, checked: SecureContexts, identity: () => ServerIdentity) {
    this.#native = native;
    this.#checked = checked;
    this.#identity = identity;
  }

  /** @throws IoError BAD_IDENTITY as `SecureContexts`; Error where OpenSSL refuses a setting. */
  get(maxVersion: TlsVersion): number {
    const identity = this.#identity();
    const { certificatePem, privateKeyPem } = identity;
    if (this.#current?.certificatePem !== certificatePem || this.#current.privateKeyPem !== privateKeyPem) {
      this.#checked.get(maxVersion);
      this.free();
      this.#current = identity;
    }
    const known = this.#contexts.get(maxVersion);
    if (known !== undefined) return known;
    const made = createContext(this.#native.ssl, identity, maxVersion);
    this.#contexts.set(maxVersion, made);
    return made;
  }

  /** Sessions that are up keep theirs. */
  free(): void {
    for (const context of this.#contexts.values()) this.#native.ssl.freeContext(context);
    this.#contexts.clear();
    this.#current = undefined;
  }
}

function createContext(ssl: OpenSsl, identity: ServerIdentity, maxVersion: TlsVersion): number {
  ssl.clearErrors();
  const context = ssl.newContext(ssl.serverMethod());
  if (context === 0) throw new Error('no memory for TLS settings');
  try {
    const control = (command: number, value: number): number => ssl.controlContext(context, command, value, 0);
    control(SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Found is only what a renegotiation has put there, see `TlsSession.requestHandshake`.
    const cache = SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL_STORE | SSL_SESS_CACHE_NO_AUTO_CLEAR;
    control(SSL_CTRL_SET_SESS_CACHE_MODE, cache);
    ssl.setContextOptions(context, SSL_OP_NO_TICKET + SSL_OP_CIPHER_SERVER_PREFERENCE);
    ssl.setTicketCount(context, 0);
    must(control(SSL_CTRL_SET_MIN_PROTO_VERSION, VERSIONS['TLSv1.2']), 'the oldest version');
    must(control(SSL_CTRL_SET_MAX_PROTO_VERSION, VERSIONS[maxVersion]), 'the newest version');
    must(ssl.setCipherSuites(context, SUITES), 'the ciphers of TLS 1.3');
    must(ssl.setCipherList(context, LIST), 'the ciphers of TLS 1.2');
    useCertificates(ssl, context, identity.certificatePem);
    useKey(ssl, context, identity.privateKeyPem);
    return context;
  } catch (error) {
    ssl.freeContext(context);
    throw error;
  } finally {
    ssl.clearErrors();
  }
}

/** The server's own first, then those that lead to an authority. */
function useCertificates(ssl: OpenSsl, context: number, pem: string): void {
  readPem(ssl, pem, (bio) => {
    const read = (): number => ssl.readCertificate(bio, 0, 0, '');
    const own = read();
    must(own, 'the certificate');
    const isUsed = ssl.useCertificate(context, own);
    ssl.freeCertificate(own);
    must(isUsed, 'the certificate');
    for (let next = read(); next !== 0; next = read()) {
      const isAdded = ssl.controlContext(context, SSL_CTRL_CHAIN_CERT, 0, next);
      if (isAdded !== 1) ssl.freeCertificate(next);
      must(isAdded, 'the chain of certificates');
    }
  });
}

function useKey(ssl: OpenSsl, context: number, pem: string): void {
  readPem(ssl, pem, (bio) => {
    // An empty password instead of none: OpenSSL would ask at the terminal.
    const key = ssl.readKey(bio, 0, 0, '');
    must(key, 'the private key');
    const isUsed = ssl.useKey(context, key);
    ssl.freeKey(key);
    must(isUsed, 'the private key');
    must(ssl.checkKey(context), 'the private key, which is not that of the certificate');
  });
}

function readPem(ssl: OpenSsl, pem: string, use: (bio: number) => void): void {
  // OpenSSL reads where the bytes are: they must neither move nor go before the BIO is freed.
  const bytes = Buffer.from(new TextEncoder().encode(pem));
  const bio = ssl.newBioOf(bytes, bytes.length);
  must(bio, 'a text in PEM');
  try {
    use(bio);
  } finally {
    ssl.freeBio(bio);
    bytes.fill(0);
  }
}

function must(result: number, what: string): void {
  if (result <= 0) throw new Error(`OpenSSL does not take ${what}`);
}
