import { createPrivateKey, createSign, createVerify, sign, verify, X509Certificate, type KeyObject } from 'node:crypto';
import { distinguishedNameText, parseDistinguishedName, type DistinguishedName } from './distinguished-name.ts';

/**
 * X.509 over what peers send. Anything that cannot be read gives undefined or false, never an exception.
 * `X509Certificate.toLegacyObject` is not to be used here: it ends the process (Node 24.21, SIGSEGV) for a certificate
 * whose public key cannot be decoded.
 */
export interface CertificateInfo {
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** `user1, Org, JP` */
  readonly subjectText: string;
  readonly issuerText: string;
  readonly subjectCommonName: string;
  /** Lower-case hex without leading zeros. */
  readonly serialHex: string;
  /** Unix milliseconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** `rsa`, `ec`, `ed25519`, …; empty if the key cannot be read. */
  readonly publicKeyType: string;
  /** RSA modulus; 0 for other keys. */
  readonly publicKeyBits: number;
  /** Subject is issuer, and the signature is by its own key. */
  readonly isSelfSigned: boolean;
  /** 32 bytes over the DER. */
  readonly sha256: Buffer;
}

/** More is not read: the original takes none above it. */
const MAX_CERTIFICATE_BYTES = 100_000;
/** The original's limit for a signature; larger keys cost much time to check. */
const MAX_RSA_BITS = 4096;

export function inspectCertificate(derOrPem: Uint8Array): CertificateInfo | undefined {
  const certificate = read(derOrPem);
  if (certificate === undefined) return undefined;
  const subject = parseDistinguishedName(certificate.subject);
  const issuer = parseDistinguishedName(certificate.issuer);
  const key = publicKeyOf(certificate);
  return {
    subject,
    issuer,
    subjectText: distinguishedNameText(subject),
    issuerText: distinguishedNameText(issuer),
    subjectCommonName: subject.commonName,
    serialHex: plainHex(certificate.serialNumber),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    publicKeyType: key?.asymmetricKeyType ?? '',
    publicKeyBits: key?.asymmetricKeyDetails?.modulusLength ?? 0,
    isSelfSigned: key !== undefined && certificate.checkIssued(certificate) && certificate.verify(key),
    sha256: Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex'),
  };
}

/** Hex of a serial number as people type it: blanks, colons, case and leading zeros do not count. */
export function plainHex(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s:]/g, '')
    .replace(/^0+(?=.)/, '');
}

/** The certificate alone, in the one form that can be compared; peers may send PEM. */
export function certificateDer(derOrPem: Uint8Array): Buffer | undefined {
  return read(derOrPem)?.raw;
}

export function certificatePem(derOrPem: Uint8Array): string | undefined {
  return read(derOrPem)?.toString();
}

/** Whether `issuer` signed `certificate`, and the names fit. */
export function isSignedBy(certificate: Uint8Array, issuer: Uint8Array): boolean {
  const subject = read(certificate);
  const authority = read(issuer);
  if (subject === undefined || authority === undefined) return false;
  const key = publicKeyOf(authority);
  return key !== undefined && subject.checkIssued(authority) && subject.verify(key);
}

/** RSA PKCS#1 v1.5 with SHA-1, by the key in the certificate. Keys above 4096 bits and other kinds are refused. */
export function verifyRsaSha1(certificate: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const key = keyIn(certificate);
  if (key?.asymmetricKeyType !== 'rsa') return false;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits > MAX_RSA_BITS || signature.length !== Math.ceil(bits / 8)) return false;
  return orElse(() => createVerify('RSA-SHA1').update(data).verify(key, signature), false);
}

/** Undefined if the key is not RSA, or its numbers do not fit together. */
export function signRsaSha1(privateKey: Uint8Array | string, data: Uint8Array): Buffer | undefined {
  const key = readPrivateKey(privateKey);
  if (key?.asymmetricKeyType !== 'rsa') return undefined;
  return orElse(() => createSign('RSA-SHA1').update(data).sign(key), undefined);
}

/** SHA-256 with the key's own scheme (ECDSA in DER, RSA PKCS#1). Undefined if the key cannot be read. */
export function signSha256(privateKey: Uint8Array | string, data: Uint8Array): Buffer | undefined {
  const key = readPrivateKey(privateKey);
  return key && orElse(() => sign('sha256', data, key), undefined);
}

/** Whether the key in the certificate made this signature of `signSha256`. */
export function verifySha256(certificate: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const key = keyIn(certificate);
  return key !== undefined && orElse(() => verify('sha256', data, key, signature), false);
}

/** The form in which SoftEther moves keys: PKCS#1 for RSA, its counterpart SEC 1 for elliptic curves. */
export function privateKeyDer(privateKey: Uint8Array | string): Buffer | undefined {
  const key = readPrivateKey(privateKey);
  if (key?.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'der' });
  return key?.asymmetricKeyType === 'ec' ? key.export({ type: 'sec1', format: 'der' }) : undefined;
}

/** PKCS#8 PEM, without a password. Takes PEM, or DER as PKCS#1, SEC 1 or PKCS#8. */
export function privateKeyPem(privateKey: Uint8Array | string): string | undefined {
  return readPrivateKey(privateKey)?.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Whether the two belong together. */
export function isKeyOf(certificate: Uint8Array, privateKey: Uint8Array | string): boolean {
  const key = readPrivateKey(privateKey);
  return key !== undefined && orElse(() => read(certificate)?.checkPrivateKey(key) ?? false, false);
}

function read(derOrPem: Uint8Array): X509Certificate | undefined {
  if (derOrPem.length > MAX_CERTIFICATE_BYTES) return undefined;
  return orElse(() => new X509Certificate(derOrPem), undefined);
}

function keyIn(derOrPem: Uint8Array): KeyObject | undefined {
  const certificate = read(derOrPem);
  return certificate === undefined ? undefined : publicKeyOf(certificate);
}

function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  return orElse(() => certificate.publicKey, undefined);
}

function readPrivateKey(input: Uint8Array | string): KeyObject | undefined {
  const bytes = Buffer.from(input);
  if (bytes.length > MAX_CERTIFICATE_BYTES) return undefined;
  if (bytes.includes('-----BEGIN')) return orElse(() => createPrivateKey(bytes), undefined);
  for (const type of ['pkcs1', 'sec1', 'pkcs8'] as const) {
    const key = orElse(() => createPrivateKey({ key: bytes, format: 'der', type }), undefined);
    if (key !== undefined) return key;
  }
  return undefined;
}

/** OpenSSL throws where bytes are not what they should be; here that is an answer. */
function orElse<T>(compute: () => T, otherwise: T): T {
  try {
    return compute();
  } catch {
    return otherwise;
  }
}

/** RFC 8410 §4: what precedes the 32 bytes of an Ed25519 public key in its SubjectPublicKeyInfo. */
const ED25519_KEY_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_KEY_BYTES = 32;

/** RFC 8032 pure Ed25519. `publicKey`: 32 bytes. False also for what is no key or no signature. */
export function verifyEd25519(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES) return false;
  try {
    const key = Buffer.concat([ED25519_KEY_HEAD, publicKey]);
    return verify(null, data, { key, format: 'der', type: 'spki' }, signature);
  } catch {
    return false;
  }
}
