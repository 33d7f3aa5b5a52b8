import type { ClientHello, TlsListenOptions, TlsVersion } from '../listener.ts';

/** Only where both have one: OpenSSL would refuse browsers, which offer HTTP and would go on without an answer. */
export const agreedProtocol = ({ alpn }: TlsListenOptions, clientHello: ClientHello): string | undefined =>
  alpn?.find((name) => clientHello.alpn.includes(name));

export const maxVersionFor = ({ chooseMaxVersion }: TlsListenOptions, clientHello: ClientHello): TlsVersion =>
  (chooseMaxVersion ?? defaultMaxVersion)(clientHello);

/** See `TlsListenOptions.chooseMaxVersion`. */
const defaultMaxVersion = (clientHello: ClientHello): TlsVersion =>
  clientHello.alpn.length === 0 ? 'TLSv1.2' : 'TLSv1.3';
