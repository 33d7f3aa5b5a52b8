import { inspectCertificate, isSignedBy, verifySha256 } from '#base';
import type { OldKey } from './codec/member-message.ts';
import { oldKeyStatement } from './join-protocol.ts';

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The single certificates of a file that may hold several. */
export const certificatesIn = (pem: string): readonly Buffer[] =>
  (pem.match(pemBlock) ?? []).map((one) => Buffer.from(one));

/**
 * Whether a certificate of this cluster says that its key is `serverName`'s, and that key has signed in this session. It
 * may have expired: a server that was away for long is still itself.
 */
export function isOldKey(
  purpose: 'rejoin' | 'leave',
  serverName: string,
  key: OldKey,
  authorityPem: string,
  session: Uint8Array,
): boolean {
  if (inspectCertificate(key.certificate)?.subjectCommonName !== serverName) return false;
  const isOurs = certificatesIn(authorityPem).some((authority) => isSignedBy(key.certificate, authority));
  return isOurs && verifySha256(key.certificate, oldKeyStatement(purpose, serverName, session), key.signature);
}
