import { webcrypto } from 'node:crypto';
import type { MutualTlsIdentity } from '#io';
import { provideMetadataReflection } from '../../../src/io/node/metadata-reflection.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export interface Authority {
  /** A certificate for `name`; `fromDays`, `untilDays`: its time, counted from now. */
  issue(name: string, fromDays?: number, untilDays?: number): Promise<MutualTlsIdentity>;
}

/** A certificate authority for tests. */
export async function createAuthority(authorityName = 'test cluster'): Promise<Authority> {
  // The X.509 library looks for reflection while it is loaded
  provideMetadataReflection();
  const x509 = await import('@peculiar/x509');
  const { subtle } = webcrypto;
  const authorityKeys = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const issuer = `CN=${authorityName}`;
  const make = async (subject: string, fromDays: number, untilDays: number, isAuthority: boolean) => {
    const keys = isAuthority ? authorityKeys : await subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create(
      {
        subject,
        issuer,
        notBefore: new Date(Date.now() + fromDays * DAY_MS),
        notAfter: new Date(Date.now() + untilDays * DAY_MS),
        publicKey: keys.publicKey,
        signingKey: authorityKeys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new x509.BasicConstraintsExtension(isAuthority, undefined, true)],
      },
      globalThis.crypto,
    );
    const pkcs8 = await subtle.exportKey('pkcs8', keys.privateKey);
    return {
      certificatePem: certificate.toString('pem'),
      privateKeyPem: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    };
  };
  const own = await make(issuer, -1, 3650, true);
  return {
    issue: async (name, fromDays = -1, untilDays = 30) => ({
      ...(await make(`CN=${name}`, fromDays, untilDays, false)),
      authorityPem: own.certificatePem,
    }),
  };
}
