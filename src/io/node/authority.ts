import { randomBytes, webcrypto } from 'node:crypto';
import type * as x509Module from '@peculiar/x509';
import type { Pkcs10CertificateRequest } from '@peculiar/x509';
import type { CertificateAuthorities, CertificateRequest, SignOptions } from '../authority.ts';
import type { Clock } from '../clock.ts';
import { IoError } from '../errors.ts';
import type { ServerIdentity } from '../listener.ts';
import { plainReason } from './errno.ts';
import { provideMetadataReflection } from './metadata-reflection.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Whose clock is a little slow takes the certificate too. */
const BACKDATE_MS = 60 * 60 * 1000;
/** RFC 5280 §4.1.2.2: at most 20 octets, positive. */
const SERIAL_BYTES = 16;
/** X.520: ub-common-name. */
const COMMON_NAME_MAX_CHARACTERS = 64;
/** A request with a P-256 key has some 300 bytes. */
const MAX_REQUEST_BYTES = 4096;

type X509 = typeof x509Module;

export function createNodeAuthorities(clock: Clock): CertificateAuthorities {
  return {
    makeAuthority: (options) => makeAuthority(options, clock.wallMs()),
    makeRequest,
    sign: (options) => sign(options, clock.wallMs()),
  };
}

/** Loaded only when needed: it takes a tenth of a second. */
function loadX509(): Promise<X509> {
  provideMetadataReflection();
  return import('@peculiar/x509');
}

async function makeAuthority(
  { commonName, validMs }: { readonly commonName: string; readonly validMs: number },
  nowMs: number,
): Promise<ServerIdentity> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: [{ CN: [commonName.slice(0, COMMON_NAME_MAX_CHARACTERS)] }],
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date(nowMs - BACKDATE_MS),
      notAfter: new Date(nowMs + validMs),
      extensions: [
        // It signs servers and nothing that signs.
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  return {
    certificatePem: certificate.toString('pem'),
    privateKeyPem: await exportKey(x509, keys.privateKey),
  };
}

async function makeRequest(commonName: string): Promise<CertificateRequest> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    { name: [{ CN: [commonName.slice(0, COMMON_NAME_MAX_CHARACTERS)] }], keys, signingAlgorithm: algorithm },
    webcrypto,
  );
  return { requestDer: Buffer.from(request.rawData), privateKeyPem: await exportKey(x509, keys.privateKey) };
}

async function sign(options: SignOptions, nowMs: number): Promise<string> {
  const x509 = await loadX509();
  const { authority, commonName, dnsNames, addresses, validMs } = options;
  const request = await readRequest(x509, options.requestDer);
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const pkcs8 = x509.PemConverter.decodeFirst(authority.privateKeyPem);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const { publicKey } = request;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      subject: [{ CN: [commonName] }],
      issuer: issuer.subject,
      notBefore: new Date(nowMs - BACKDATE_MS),
      // A certificate must not outlive whoever vouches for it.
      notAfter: new Date(Math.min(nowMs + validMs, issuer.notAfter.getTime())),
      publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
          ...addresses.map((value) => ({ type: 'ip', value }) as const),
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
        await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return certificate.toString('pem');
}

async function readRequest(x509: X509, der: Uint8Array): Promise<Pkcs10CertificateRequest> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new IoError('BAD_IDENTITY', `the certificate request ${why}`, { cause });
  };
  if (der.length > MAX_REQUEST_BYTES) return refuse(`has ${der.length} bytes, at most ${MAX_REQUEST_BYTES} are read`);
  let request: Pkcs10CertificateRequest;
  let isSigned: boolean;
  try {
    request = new x509.Pkcs10CertificateRequest(der);
    isSigned = isP256(request) && (await request.verify(webcrypto));
  } catch (cause) {
    return refuse(`cannot be read: ${plainReason(cause)}`, cause);
  }
  if (!isP256(request)) return refuse('has a key that is not ECDSA P-256');
  return isSigned ? request : refuse('is not signed by its own key');
}

function isP256({ publicKey }: Pkcs10CertificateRequest): boolean {
  const { name, namedCurve } = publicKey.algorithm as { readonly name?: string; readonly namedCurve?: string };
  return name === 'ECDSA' && namedCurve === 'P-256';
}

function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function exportKey(x509: X509, key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
