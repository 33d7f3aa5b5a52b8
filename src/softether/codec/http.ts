/** The HTTP part of a SoftEther connection: reader, PACK in a message, signature. */
export { defaultHttpLimits, type HttpLimits } from './http-limits.ts';
export type { HttpHead, RequestHead, ResponseHead } from './http-head.ts';
export { HttpReader, type HttpMessage } from './http-reader.ts';
export {
  decodePackBody,
  encodePackRequest,
  encodePackResponse,
  SIGNATURE_TARGET,
  type PackMessageOptions,
} from './http-pack.ts';
export { encodeSignature, isSignature, MAX_SIGNATURE_BYTES, signatureKind, type SignatureKind } from './signature.ts';
