import { webcrypto } from 'node:crypto';
import type { MutualTlsIdentity } from '#io';
import { provideMetadataReflection } from '../../../src/io/node/metadata-reflection.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

/** A certificate authority for one test: what a cluster has. */
export interface Authority {
  /** For 127.0.0.1 and localhost, both as server and as client. */
  issue(commonName: string): Promise<MutualTlsIdentity>;
}

export async function newAuthority(): Promise<Authority> {
  provideMetadataReflection();
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const dates = { notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + dayMs) };
  const own = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: ['cluster'] }],
      keys,
      signingAlgorithm: algorithm,
      ...dates,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    },
    webcrypto,
  );
  return {
    issue: async (commonName) => {
      const subjectKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const certificate = await x509.X509CertificateGenerator.create(
        {
          subject: [{ CN: [commonName] }],
          issuer: own.subjectName,
          publicKey: subjectKeys.publicKey,
          signingKey: keys.privateKey,
          signingAlgorithm: algorithm,
          ...dates,
          extensions: [
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
            new x509.SubjectAlternativeNameExtension([
              { type: 'ip', value: '127.0.0.1' },
              { type: 'dns', value: 'localhost' },
            ]),
          ],
        },
        webcrypto,
      );
      const key = await webcrypto.subtle.exportKey('pkcs8', subjectKeys.privateKey);
      return {
        certificatePem: certificate.toString('pem'),
        privateKeyPem: x509.PemConverter.encode(key, 'PRIVATE KEY'),
        authorityPem: own.toString('pem'),
      };
    },
  };
}
