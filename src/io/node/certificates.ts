import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { certificatePem, inspectCertificate, isKeyOf, privateKeyPem } from '#base';
import type { Certificates, SelfSignedOptions } from '../certificates.ts';
import type { Clock } from '../clock.ts';
import { IoError } from '../errors.ts';
import type { ServerIdentity } from '../listener.ts';
import { provideMetadataReflection } from './metadata-reflection.ts';

const DEFAULT_YEARS = 10;
const DAY_MS = 86_400_000;
/** X.520: ub-common-name. */
const COMMON_NAME_MAX_CHARACTERS = 64;

const keyKinds = {
  'ecdsa-p256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'rsa-2048': {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
} as const;

export function createNodeCertificates(clock: Clock): Certificates {
  return { makeSelfSigned: (options) => makeSelfSigned(options, clock.wallMs()), readIdentity };
}

async function makeSelfSigned(options: SelfSignedOptions, nowMs: number): Promise<ServerIdentity> {
  const { hostName, keyType = 'ecdsa-p256', years = DEFAULT_YEARS } = options;
  // Loaded only here: it takes a tenth of a second, and a certificate is made once.
  provideMetadataReflection();
  const x509 = await import('@peculiar/x509');
  const algorithm = keyKinds[keyType];
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const commonName = hostName.slice(0, COMMON_NAME_MAX_CHARACTERS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [commonName] }],
      keys,
      signingAlgorithm: algorithm,
      // A client whose clock is slow must not take the server for one from the future.
      notBefore: new Date(nowMs - DAY_MS),
      notAfter: new Date(nowMs + years * 365.25 * DAY_MS),
      extensions: [
        // It signs itself, so those who want to trust it enter it among their authorities.
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.keyCertSign,
          true,
        ),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: isIP(hostName) === 0 ? 'dns' : 'ip', value: hostName }]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificatePem: certificate.toString('pem'),
    privateKeyPem: x509.PemConverter.encode(privateKey, 'PRIVATE KEY'),
  };
}

function readIdentity(certificate: Uint8Array | string, privateKey: Uint8Array | string): ServerIdentity {
  const chain = readChain(Buffer.from(certificate));
  const key = privateKeyPem(privateKey);
  if (key === undefined) throw new IoError('BAD_IDENTITY', `the private key cannot be read${hint(privateKey)}`);
  const own = Buffer.from(chain[0] ?? '');
  if (!isKeyOf(own, key)) {
    const name = inspectCertificate(own)?.subjectText ?? '';
    throw new IoError('BAD_IDENTITY', `the private key does not belong to the certificate of "${name}"`);
  }
  return { certificatePem: chain.join(''), privateKeyPem: key };
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The server's own certificate first, those that vouch for it after it. */
function readChain(file: Buffer): readonly string[] {
  const pems = file.includes('-----BEGIN') ? (file.toString('latin1').match(PEM_CERTIFICATE) ?? []) : undefined;
  const chain = (pems?.map((pem) => Buffer.from(pem)) ?? [file]).map(certificatePem);
  if (chain.length === 0) throw new IoError('BAD_IDENTITY', 'the certificate file holds no certificate');
  return chain.map((pem, at) => {
    if (pem === undefined) throw new IoError('BAD_IDENTITY', `certificate ${at + 1} of the file cannot be read`);
    return pem;
  });
}

function hint(privateKey: Uint8Array | string): string {
  return Buffer.from(privateKey).includes('ENCRYPTED') ? ': it is protected by a password, which must go first' : '';
}
