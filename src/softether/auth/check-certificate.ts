import { certificateDer, inspectCertificate, isSignedBy, plainHex, verifyRsaSha1, type CertificateInfo } from '#base';
import type { UserAuth, UserRecord } from '#hub';
import type { LoginFailure } from './verdict.ts';

export interface CertificateCheck {
  readonly user: UserRecord | undefined;
  /** DER or PEM, as the client sent it. */
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
  /** The 20 bytes that were signed. */
  readonly random: Uint8Array;
  /** Unix milliseconds. */
  readonly nowMs: number;
  /** DER of the authorities that the hub trusts. At most a few dozen: each is tried. */
  readonly authorities: readonly Uint8Array[];
  readonly isRevoked?: (certificate: CertificateInfo) => boolean;
}

type SignedCertificate = Extract<UserAuth, { kind: 'signedCertificate' }>;

/**
 * Undefined = the client has the private key of a certificate that is valid now and stands for the user. Everything
 * that costs time is done before the user is looked at: an unknown one takes as long as a known one.
 */
export function checkCertificate(check: CertificateCheck): LoginFailure | undefined {
  const info = inspectCertificate(check.certificate);
  if (info === undefined) return 'badCertificate';
  if (!verifyRsaSha1(check.certificate, check.random, check.signature)) return 'badSignature';
  const isSigned = check.authorities.some((authority) => isSignedBy(check.certificate, authority));
  if (check.nowMs < info.notBeforeMs || check.nowMs > info.notAfterMs) return 'certificateNotValidNow';
  if (check.isRevoked?.(info) === true) return 'certificateRevoked';
  return compare(check, info, isSigned);
}

function compare(
  { user, certificate }: CertificateCheck,
  info: CertificateInfo,
  isSigned: boolean,
): LoginFailure | undefined {
  const der = certificateDer(certificate);
  switch (user?.auth.kind) {
    case undefined:
      return 'unknownUser';
    case 'userCertificate':
      return der?.equals(Buffer.from(user.auth.certificate, 'base64')) === true ? undefined : 'otherCertificate';
    case 'signedCertificate':
      return isSigned ? compareNames(user.auth, info) : 'certificateNotSigned';
    case 'anonymous':
    case 'password':
    case 'radius':
    case 'ntDomain':
      return 'wrongKindOfProof';
  }
}

/** Both are asked for only where the record has them; names compare without case. */
function compareNames(auth: SignedCertificate, info: CertificateInfo): LoginFailure | undefined {
  const { commonName, serial } = auth;
  if (commonName !== '' && commonName.toLowerCase() !== info.subjectCommonName.toLowerCase()) return 'otherCommonName';
  if (serial !== '' && plainHex(serial) !== info.serialHex) return 'otherSerialNumber';
  return undefined;
}
