import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { IoError } from '../errors.ts';
import type { MutualTlsIdentity } from '../mutual-tls.ts';
import { plainReason } from './errno.ts';

/** TLS settings for both directions, made once for each identity: reading keys costs as much as a handshake. */
export class MutualContexts {
  #current: MutualTlsIdentity | undefined;
  #context: SecureContext | undefined;

  /** @throws IoError BAD_IDENTITY */
  get(identity: MutualTlsIdentity): SecureContext {
    if (this.#context === undefined || !isSame(identity, this.#current)) {
      this.#context = create(identity);
      this.#current = identity;
    }
    return this.#context;
  }
}

const isSame = (one: MutualTlsIdentity, other: MutualTlsIdentity | undefined): boolean =>
  one.certificatePem === other?.certificatePem &&
  one.privateKeyPem === other.privateKeyPem &&
  one.authorityPem === other.authorityPem;

function create(identity: MutualTlsIdentity): SecureContext {
  try {
    return createSecureContext({
      cert: identity.certificatePem,
      key: identity.privateKeyPem,
      ca: identity.authorityPem,
      minVersion: 'TLSv1.3',
      // A resumed session would keep a certificate that has been replaced since.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
  } catch (cause) {
    const why = `the certificate of the cluster and its private key cannot be used: ${plainReason(cause)}`;
    throw new IoError('BAD_IDENTITY', why, { cause });
  }
}
