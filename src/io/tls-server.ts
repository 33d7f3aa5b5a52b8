/** Who answered the TLS handshake. */
export interface TlsServer {
  /** A certificate authority that this machine trusts vouches for it, and it names the host that was asked for. */
  readonly isVerified: boolean;
  /** Why it is not verified; empty when it is. */
  readonly problem: string;
  /** SHA-256 of the certificate: upper-case hex pairs joined by colons. */
  readonly fingerprint: string;
  /** Common name of the certificate's subject; for display only. */
  readonly commonName: string;
}
