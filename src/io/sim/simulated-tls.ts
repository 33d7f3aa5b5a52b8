import { certificateDer, inspectCertificate, isSignedBy, sha256 } from '#base';
import type { ClientHello, TlsDialOptions, TlsListenOptions } from '../listener.ts';
import type { MutualTlsIdentity } from '../mutual-tls.ts';
import type { TlsInfo } from '../stream.ts';
import type { TlsServer } from '../tls-server.ts';

const CIPHER = 'SIMULATED';
const SHA256_BYTES = 32;

export interface BothTls {
  /** undefined: the connection is without TLS. */
  readonly clientTls: TlsInfo | undefined;
  readonly serverTls: TlsInfo | undefined;
}

/** `session`: different for each connection. */
export function describeTls(
  options: TlsListenOptions,
  { host, serverName, alpn = [], verify = false }: TlsDialOptions,
  session: string,
): BothTls {
  const hello: ClientHello = { serverName, alpn, versions: [0x0304, 0x0303] };
  const protocol = options.chooseMaxVersion?.(hello) ?? (alpn.length === 0 ? 'TLSv1.2' : 'TLSv1.3');
  const pem = Buffer.from(options.identity().certificatePem);
  const agreed = agreedProtocol(options.alpn ?? [], alpn, session);
  const info = { protocol, cipher: CIPHER, peerCertificate: certificateDer(pem), ...agreed };
  return {
    clientTls: verify ? { ...info, server: describeServer(pem, serverName ?? host) } : info,
    serverTls: { protocol, cipher: CIPHER, peerCertificate: undefined, ...agreed },
  };
}

/** Keying material is the same at both ends of a connection, and another for each connection. */
function agreedProtocol(
  spoken: readonly string[],
  offered: readonly string[],
  session: string,
): Pick<TlsInfo, 'alpn' | 'exportKeyingMaterial'> {
  const alpn = spoken.find((name) => offered.includes(name));
  if (alpn === undefined) return {};
  const exportKeyingMaterial = (label: string, lengthBytes: number): Buffer => {
    const blocks = Array.from({ length: Math.ceil(lengthBytes / SHA256_BYTES) }, (_, at) =>
      sha256(`${session}|${label}|${at}`),
    );
    return Buffer.concat(blocks).subarray(0, lengthBytes);
  };
  return { alpn, exportKeyingMaterial };
}

/** In memory a certificate is trusted if it names the host; nobody signs anything here. */
function describeServer(pem: Buffer, name: string): TlsServer {
  const certificate = inspectCertificate(pem);
  const commonName = certificate?.subjectCommonName ?? '';
  const fingerprint = certificate?.sha256.toString('hex').toUpperCase().match(/../g)?.join(':') ?? '';
  const isVerified = commonName === name;
  return { isVerified, problem: isVerified ? '' : `the certificate is not for ${name}`, fingerprint, commonName };
}

const PRETENDED = /^certificate of (?<name>.+) by (?<authority>.+)$/;

/** An identity for mutual TLS in memory, where nothing has to be computed. Real ones are taken as well. */
export const simulatedIdentity = (name: string, authority = 'the cluster'): MutualTlsIdentity => ({
  certificatePem: `certificate of ${name} by ${authority}`,
  privateKeyPem: '',
  authorityPem: authority,
});

/** Whose certificate it is, if the other side's authority has signed it; time is not looked at. */
export function nameForPeer(own: MutualTlsIdentity, other: MutualTlsIdentity): string | undefined {
  const { name, authority } = PRETENDED.exec(own.certificatePem)?.groups ?? {};
  if (name !== undefined) return authority === other.authorityPem ? name : undefined;
  const certificate = Buffer.from(own.certificatePem);
  if (!isSignedBy(certificate, Buffer.from(other.authorityPem))) return undefined;
  return inspectCertificate(certificate)?.subjectCommonName;
}

/** Of a mutual connection, as the one sees it to whom `other` was shown. */
export function describeMutual(other: MutualTlsIdentity): TlsInfo {
  const certificate = Buffer.from(other.certificatePem);
  return { protocol: 'TLSv1.3', cipher: CIPHER, peerCertificate: certificateDer(certificate) ?? certificate };
}
