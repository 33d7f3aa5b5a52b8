import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { CIPHERS, MIN_TLS_VERSION } from './secure-contexts.ts';

/** TLS settings of connections that we open, each made once, at the first use. */
export class DialContexts {
  #trusting: SecureContext | undefined;
  #bare: SecureContext | undefined;

  /** With the authorities that the runtime and the system know. Reading them takes a quarter of a second. */
  get trusting(): SecureContext {
    return (this.#trusting ??= create(knownAuthorities()));
  }

  /** Knows nobody: for callers that look at the certificate themselves. */
  get bare(): SecureContext {
    return (this.#bare ??= create([]));
  }
}

const create = (ca: string[]): SecureContext =>
  createSecureContext({ ca, ciphers: CIPHERS, minVersion: MIN_TLS_VERSION });

const knownAuthorities = (): string[] => [
  ...new Set([...getCACertificates('default'), ...getCACertificates('system')]),
];
