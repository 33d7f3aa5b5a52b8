import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { inspectCertificate } from '#base';
import type { TlsServer } from '../tls-server.ts';
import { errnoOf, plainReason } from './errno.ts';

/** OpenSSL's and the runtime's names of what is wrong with a certificate. */
const certificateProblems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'this machine does not know the authority that signed it',
  UNABLE_TO_GET_ISSUER_CERT: 'this machine does not know the authority that signed it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'this machine does not know the authority that signed it',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'this machine does not know the authority that signed it',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was made for another host name',
};

export const isOfUnknownAuthority = (reason: unknown): boolean =>
  certificateProblem(reason) === certificateProblems['UNABLE_TO_GET_ISSUER_CERT'] ||
  certificateProblem(reason) === certificateProblems['DEPTH_ZERO_SELF_SIGNED_CERT'];

/** `reason`: what the runtime gives, an error or its name. undefined = nothing is wrong. */
export function certificateProblem(reason: unknown): string | undefined {
  if (reason === undefined || reason === null) return undefined;
  const name = typeof reason === 'string' ? reason : errnoOf(reason);
  return certificateProblems[name] ?? (name === '' ? plainReason(reason) : name);
}

/**
 * What the handshake found out about the other side; `socket` was told not to refuse anybody. The certificate comes from the
 * caller: the runtime gives it once, and its own description of one ends the process where a key cannot be read.
 */
export function describeServer(socket: TLSSocket, certificate: X509Certificate | undefined): TlsServer {
  // Typed as an Error, but the name alone is what comes.
  const reason: unknown = socket.authorizationError;
  return {
    isVerified: socket.authorized,
    problem: socket.authorized ? '' : (certificateProblem(reason) ?? ''),
    fingerprint: certificate?.fingerprint256 ?? '',
    commonName: (certificate && inspectCertificate(certificate.raw)?.subjectCommonName) ?? '',
  };
}
