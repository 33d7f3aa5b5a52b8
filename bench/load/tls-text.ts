import { X509Certificate } from 'node:crypto';

/** `TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256, ec prime256v1`: what a log-in costs depends on it. */
export function tlsText(tls: { readonly protocol: string; readonly cipher: string }, certificate?: Buffer): string {
  return `${tls.protocol} ${tls.cipher}, ${certificate === undefined ? 'no certificate' : keyText(certificate)}`;
}

function keyText(certificate: Buffer): string {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(certificate).publicKey;
  const size = asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength;
  return `${asymmetricKeyType ?? 'unknown key'} ${size ?? ''}`.trim();
}
