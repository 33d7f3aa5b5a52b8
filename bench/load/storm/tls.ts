import { CIPHERS } from '../../../src/io/node/secure-contexts.ts';
import { stockGroups } from '../load-home.ts';
import type { LoadOptions } from '../options.ts';
import { tlsText } from '../tls-text.ts';
import { addressOf, ssl } from './native.ts';

/** <openssl/ssl.h> */
const SSL_CTRL_SET_READ_AHEAD = 41;
const SSL_CTRL_SET_GROUPS_LIST = 92;
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_WANT_WRITE = 3;
const SSL_ERROR_ZERO_RETURN = 6;

/** The settings of all connections: an SSL_CTX. It offers what `createLoadHome` offers, see there. */
export function createContext({ as }: Pick<LoadOptions, 'as'>): number {
  const context = ssl.newContext(ssl.clientMethod());
  const names = CIPHERS.split(':');
  const isSuite = (name: string): boolean => name.startsWith('TLS_');
  done(ssl.setCipherSuites(context, names.filter(isSuite).join(':')), 'SSL_CTX_set_ciphersuites');
  done(ssl.setCipherList(context, names.filter((name) => !isSuite(name)).join(':')), 'SSL_CTX_set_cipher_list');
  // One call to the kernel for a record, not one for its header and one for the rest.
  ssl.controlContext(context, SSL_CTRL_SET_READ_AHEAD, 1, null);
  if (as === 'stock') {
    const groups = stockGroups.join(':');
    done(ssl.controlContext(context, SSL_CTRL_SET_GROUPS_LIST, 0, groups), 'SSL_CTX_set1_groups_list');
  } else {
    const protocol = Buffer.from('\x08http/1.1', 'latin1');
    // The one function that says 0 when it has worked.
    done(ssl.setAlpn(context, protocol, protocol.length) === 0 ? 1 : 0, 'SSL_CTX_set_alpn_protos');
  }
  return context;
}

function done(result: number, what: string): void {
  if (result <= 0) throw new Error(`${what} failed`);
}

/** What a call of OpenSSL that did not give what was asked for says. */
export function verdictOf(tls: number, result: number): 'wait' | 'ended' | 'failed' {
  const error = ssl.error(tls, result);
  if (error === SSL_ERROR_WANT_READ || error === SSL_ERROR_WANT_WRITE) return 'wait';
  ssl.clearErrors();
  return error === SSL_ERROR_ZERO_RETURN ? 'ended' : 'failed';
}

/** Version, cipher and key of a connection, for people. */
export function describeTls(tls: number): string {
  const protocol = ssl.version(tls);
  const cipher = ssl.cipherName(ssl.cipher(tls));
  return tlsText({ protocol, cipher }, certificateOf(tls));
}

function certificateOf(tls: number): Buffer | undefined {
  const certificate = ssl.certificate(tls);
  if (certificate === 0) return undefined;
  const length = ssl.encodeCertificate(certificate, null);
  if (length <= 0) return undefined;
  const der = Buffer.alloc(length);
  // i2d_X509 takes the address of a pointer to where it shall write.
  const pointer = Buffer.alloc(BigUint64Array.BYTES_PER_ELEMENT);
  pointer.writeBigUInt64LE(addressOf(der));
  ssl.encodeCertificate(certificate, pointer);
  ssl.freeCertificate(certificate);
  return der;
}
