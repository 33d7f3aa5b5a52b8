import { certificateDer, certificatePem, inspectCertificate, md5, privateKeyDer, sha1 } from '#base';
import type { UserFiles } from '#io';
import { localError } from '../exit-code.ts';
import { hexText } from '../output/format.ts';

/** Certificates and keys are small; a larger file is something else. */
const MAX_FILE_BYTES = 100_000;

/** DER of the first certificate in a PEM or DER file. */
export async function readCertificate(files: UserFiles, path: string): Promise<Buffer> {
  const der = certificateDer(await files.read(path, MAX_FILE_BYTES));
  if (der === undefined) throw localError(`${path} holds no X.509 certificate`);
  return der;
}

/** DER, in the form in which SoftEther moves keys. */
export async function readPrivateKey(files: UserFiles, path: string): Promise<Buffer> {
  const content = await files.read(path, MAX_FILE_BYTES);
  if (content.includes('ENCRYPTED')) {
    throw localError(
      `${path} is protected by a passphrase: take it off first (openssl pkey -in ${path} -out plain.key)`,
    );
  }
  const der = privateKeyDer(content);
  if (der === undefined) throw localError(`${path} holds no RSA or elliptic-curve private key`);
  return der;
}

export async function saveCertificate(files: UserFiles, path: string, der: Buffer): Promise<void> {
  const pem = certificatePem(der);
  if (pem === undefined) throw localError('the server sent something that is not a certificate');
  await files.write(path, pem);
}

/** Name, serial number and digests in one line, as vpncmd has it. */
export function certificateLine(der: Buffer): string {
  const info = inspectCertificate(der);
  if (info === undefined) return '';
  const { commonName, organization, unit, state, locality, country } = info.subject;
  const parts = { CN: commonName, O: organization, OU: unit, S: state, L: locality, C: country };
  const serial = info.serialHex.padStart(Math.ceil(info.serialHex.length / 2) * 2, '0').toUpperCase();
  const name = Object.entries(parts).filter(([, value]) => value !== '');
  const fields = [...name.map(([key, value]) => `${key}=${value}`), `SERIAL="${serial}"`];
  return `${fields.join(', ')} (Digest: MD5="${hexText(md5(der))}", SHA1="${hexText(sha1(der))}")`;
}
