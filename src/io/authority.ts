import type { ServerIdentity } from './listener.ts';

export interface CertificateRequest {
  /** PKCS#10, signed by the key. */
  readonly requestDer: Buffer;
  /** Stays where it was made. */
  readonly privateKeyPem: string;
}

export interface SignOptions {
  readonly authority: ServerIdentity;
  /** PKCS#10, DER. What it says of names is not taken: whoever signs decides them. */
  readonly requestDer: Uint8Array;
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  /** IPv4 and IPv6 text. */
  readonly addresses: readonly string[];
  readonly validMs: number;
}

/** A private certificate authority: ECDSA P-256 throughout, certificates for both sides of TLS. */
export interface CertificateAuthorities {
  makeAuthority(options: { readonly commonName: string; readonly validMs: number }): Promise<ServerIdentity>;
  makeRequest(commonName: string): Promise<CertificateRequest>;
  /**
   * The certificate, PEM, without its issuer.
   * @throws IoError BAD_IDENTITY: the request cannot be read, is not signed by its key, or its key is not P-256.
   */
  sign(options: SignOptions): Promise<string>;
}
