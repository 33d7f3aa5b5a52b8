import type { ByteStream, Endpoint } from '#io';
import type { AdminConnectionHandler } from './admin-connection-handler.ts';
import type { AdminRpc } from './admin-rpc.ts';
import type { ServerProduct } from './connection-info.ts';
import type { ConnectionRegistry } from './connection-registry.ts';
import type { HandshakeContext } from './handshake/context.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** The server's parts that a connection needs beyond those of its method handlers. */
export interface ConnectionServices extends HandshakeContext {
  readonly product: ServerProduct;
  readonly wheel: TimerWheel;
  readonly connections: ConnectionRegistry;
  readonly adminChannels: Set<AdminRpc>;
  /** Streams whose TLS handshake after the log-in is not done yet. */
  readonly renegotiating: Set<ByteStream>;
  readonly admin: AdminConnectionHandler;
  /** Runs the work now, or in a later turn of the loop while many log in. */
  readonly paceRequests: (work: () => void) => void;
  /** Takes over a connection that speaks plain HTTP; `unread` is what came so far. */
  readonly http: (stream: ByteStream, unread: Buffer) => void;
  /** The connection no longer counts as one without a log-in. */
  readonly leave: (remote: Endpoint) => void;
}
