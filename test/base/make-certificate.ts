import { webcrypto } from 'node:crypto';
import { provideMetadataReflection } from '../../src/io/node/metadata-reflection.ts';

export interface MadeCertificate {
  readonly der: Buffer;
  readonly privateKeyPem: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly name: string;
}

export interface CertificateWish {
  readonly name: string;
  readonly serialHex?: string;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  /** Absent = signed by itself. */
  readonly issuer?: MadeCertificate;
  /** Absent = RSA of 2048 bits. */
  readonly key?: 'ec' | 1024 | 2048 | 5120;
}

const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) };
const ec = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A fresh key and a certificate for it, valid in 2026 unless said otherwise. */
export async function makeCertificate(wish: CertificateWish): Promise<MadeCertificate> {
  // The X.509 library looks for reflection while it is loaded
  provideMetadataReflection();
  const { X509CertificateGenerator } = await import('@peculiar/x509');
  const { subtle } = webcrypto;
  const algorithm = wish.key === 'ec' ? ec : { ...rsa, modulusLength: wish.key ?? 2048 };
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: wish.serialHex ?? '01',
      subject: wish.name,
      issuer: wish.issuer?.name ?? wish.name,
      notBefore: new Date(wish.notBeforeMs ?? Date.UTC(2026, 0, 1)),
      notAfter: new Date(wish.notAfterMs ?? Date.UTC(2027, 0, 1)),
      publicKey: keys.publicKey,
      signingKey: wish.issuer?.keys.privateKey ?? keys.privateKey,
      signingAlgorithm: wish.issuer === undefined && wish.key === 'ec' ? ec : rsa,
    },
    globalThis.crypto,
  );
  const pkcs8 = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    der: Buffer.from(certificate.rawData),
    privateKeyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    keys,
    name: wish.name,
  };
}
