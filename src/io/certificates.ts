import type { ServerIdentity } from './listener.ts';

export interface SelfSignedOptions {
  /** Becomes the common name and the subject alternative name; an IP address is entered as such. */
  readonly hostName: string;
  /** Absent = ECDSA P-256: a tenth of the CPU of an RSA signature. RSA-2048 for clients that know nothing else. */
  readonly keyType?: 'ecdsa-p256' | 'rsa-2048';
  /** Absent = 10. */
  readonly years?: number;
}

export interface Certificates {
  makeSelfSigned(options: SelfSignedOptions): Promise<ServerIdentity>;
  /**
   * Reads a certificate (PEM, also with its chain, or DER) and its private key (PEM or DER, without a password).
   * @throws IoError BAD_IDENTITY: which of the two cannot be read, or that they do not belong together.
   */
  readIdentity(certificate: Uint8Array | string, privateKey: Uint8Array | string): ServerIdentity;
}
