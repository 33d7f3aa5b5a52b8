import type { Hop } from './hop.ts';

/** A connection that carries SIP messages: TCP, TLS, WebSocket. */
export interface Connection {
  readonly hop: Hop;
  /** Of the machine that was dialled, as `Target.tlsName`; undefined on a connection from outside. */
  readonly tlsName: string | undefined;
  /** A complete message has come. */
  readonly hasSpoken: boolean;
  /** The clock's time of the latest sign of life: a message, or a keep-alive. */
  readonly heardMs: number;
  /** False: too much waits already; the connection is being closed. */
  send(bytes: Buffer): boolean;
  /** In order: what was sent arrives first. */
  close(): void;
  destroy(): void;
}

/** What a connection tells the one who keeps it. */
export interface ConnectionKeeper {
  /** Once, however it ended. */
  ended(connection: Connection): void;
}
