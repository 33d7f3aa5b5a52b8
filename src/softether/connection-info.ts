import type { ByteStream, Endpoint } from '#io';
import type { ClientProduct } from './codec/client-product.ts';

/** What the server calls itself. */
export interface ServerProduct {
  readonly name: string;
  /** 501 = 5.01 */
  readonly version: number;
  readonly build: number;
}

/** As SoftEther types them in its connection list. */
export type ConnectionType =
  'client' | 'init' | 'login' | 'additional' | 'farmRpc' | 'adminRpc' | 'enumHub' | 'password';

/** One TCP connection that is not (yet) part of a session. A snapshot. */
export interface ConnectionInfo {
  /** `CID-7` */
  readonly name: string;
  readonly type: ConnectionType;
  readonly remote: Endpoint;
  /** The address again: names are not looked up. */
  readonly hostname: string;
  readonly listenerPort: number;
  /** Unix milliseconds. */
  readonly connectedAtMs: number;
  readonly serverProduct: string;
  /** 501 = 5.01 */
  readonly serverVersion: number;
  readonly serverBuild: number;
  /** What the client said of itself; empty and 0 until it did. */
  readonly clientProduct: string;
  readonly clientVersion: number;
  readonly clientBuild: number;
  readonly tlsProtocol: string;
  readonly cipherName: string;
}

export interface DescribedConnection {
  readonly name: string;
  readonly type: ConnectionType;
  readonly stream: ByteStream;
  readonly listenerPort: number;
  readonly connectedAtMs: number;
  readonly client: ClientProduct;
}

export function describeConnection(connection: DescribedConnection, product: ServerProduct): ConnectionInfo {
  const { stream, client } = connection;
  return {
    name: connection.name,
    type: connection.type,
    remote: stream.remote,
    hostname: stream.remote.address,
    listenerPort: connection.listenerPort,
    connectedAtMs: connection.connectedAtMs,
    serverProduct: product.name,
    serverVersion: product.version,
    serverBuild: product.build,
    clientProduct: client.name,
    clientVersion: client.version,
    clientBuild: client.build,
    tlsProtocol: stream.tls?.protocol ?? '',
    cipherName: stream.tls?.cipher ?? '',
  };
}
