export { BoundedQueue, type BoundedQueueOptions } from './bounded-queue.ts';
export { BufferPool } from './buffer-pool.ts';
export { ByteQueue } from './byte-queue.ts';
export { ByteReader, ByteWriter } from './bytes.ts';
export {
  certificateDer,
  certificatePem,
  inspectCertificate,
  isKeyOf,
  isSignedBy,
  plainHex,
  privateKeyDer,
  privateKeyPem,
  signRsaSha1,
  signSha256,
  verifyRsaSha1,
  verifyEd25519,
  verifySha256,
  type CertificateInfo,
} from './certificate.ts';
export { DecodeError, HubfarmError } from './errors.ts';
export {
  equalConstantTime,
  hex,
  hkdfSha256,
  hmacSha256,
  md4,
  md5,
  RunningSha256,
  sha0,
  sha1,
  sha256,
  type HashInput,
} from './hash.ts';
export type { Branded } from './ids.ts';
export { formatIpAddress, parseIpAddress } from './ip-address.ts';
export { Lifecycle, type Component, type StopFailure } from './lifecycle.ts';
export { silentLogger, type Logger } from './logger.ts';
