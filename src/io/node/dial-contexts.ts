import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { CIPHERS, MIN_TLS_VERSION } from './secure-contexts.ts';

/** TLS settings of connections that we open, each made once, at the first use. */
export class DialContexts {
  readonly #groups: readonly string[] | undefined;
  #trusting: SecureContext | undefined;
  #bare: SecureContext | undefined;

  /** `groups`: those of the key exchange to offer, best first; absent = as the runtime does. */
  constructor(groups?: readonly string[]) {
    this.#groups = groups;
  }

  /** With the authorities that the runtime and the system know. Reading them takes a quarter of a second. */
  get trusting(): SecureContext {
    return (this.#trusting ??= this.#create(knownAuthorities()));
  }

  /** Knows nobody: for callers that look at the certificate themselves. */
  get bare(): SecureContext {
    return (this.#bare ??= this.#create([]));
  }

  #create(ca: string[]): SecureContext {
    const groups = this.#groups === undefined ? {} : { ecdhCurve: this.#groups.join(':') };
    return createSecureContext({ ca, ciphers: CIPHERS, minVersion: MIN_TLS_VERSION, ...groups });
  }
}

const knownAuthorities = (): string[] => [
  ...new Set([...getCACertificates('default'), ...getCACertificates('system')]),
];
