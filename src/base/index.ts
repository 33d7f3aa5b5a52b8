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
export { DecodeError, HubfarmError, reasonOf } from './errors.ts';
export { forgetOldest } from './forget-oldest.ts';
export * from './hash.ts';
export { formatIpAddress, isIpAddress, parseIpAddress } from './ip-address.ts';
export { Lifecycle, type Component } from './lifecycle.ts';
export { silentLogger, type Logger } from './logger.ts';
export { LoginGuard, type Ban, type LoginGuardLimits } from './login-guard.ts';
export { isLoopback, networkOf } from './network-of.ts';
export { NetworkSet } from './network-set.ts';
