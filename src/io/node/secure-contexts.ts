import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { IoError } from '../errors.ts';
import type { ServerIdentity, TlsVersion } from '../listener.ts';
import { plainReason } from './errno.ts';

/** Ours first: AES-128-GCM costs a quarter less CPU than ChaCha20 wherever the processor knows AES. */
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  // No forward secrecy: only for clients that know nothing better.
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
].join(':');

export const MIN_TLS_VERSION: TlsVersion = 'TLSv1.2';

/** The TLS settings of a listener, made once for each identity: reading keys anew for each connection would cost as much
 *  as its handshake. */
export class SecureContexts {
  readonly #identity: () => ServerIdentity;
  #current: ServerIdentity | undefined;
  #contexts = new Map<TlsVersion, SecureContext>();

  constructor(identity: () => ServerIdentity) {
    this.#identity = identity;
  }

  /** @throws IoError BAD_IDENTITY if certificate or key cannot be read or do not belong together. */
  get(maxVersion: TlsVersion): SecureContext {
    const identity = this.#identity();
    const { certificatePem, privateKeyPem } = identity;
    if (this.#current?.certificatePem !== certificatePem || this.#current.privateKeyPem !== privateKeyPem) {
      this.#contexts = new Map();
      this.#current = identity;
    }
    const known = this.#contexts.get(maxVersion);
    if (known !== undefined) return known;
    const made = createServerContext(identity, maxVersion);
    this.#contexts.set(maxVersion, made);
    return made;
  }
}

function createServerContext(identity: ServerIdentity, maxVersion: TlsVersion): SecureContext {
  try {
    return createSecureContext({
      cert: identity.certificatePem,
      key: identity.privateKeyPem,
      ciphers: CIPHERS,
      honorCipherOrder: true,
      minVersion: MIN_TLS_VERSION,
      maxVersion,
      // Tickets save little here (sessions are long) and cost memory and bytes for each connection.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
  } catch (cause) {
    throw new IoError(
      'BAD_IDENTITY',
      `the server certificate and its private key cannot be used: ${plainReason(cause)}`,
      { cause },
    );
  }
}
