import type { ByteStream } from '#io';
import type { ConnectionInfo, ConnectionType } from './connection-info.ts';

export interface RegisteredConnection {
  readonly type: ConnectionType;
  readonly stream: ByteStream;
  readonly name: string;
  info(): ConnectionInfo;
  disconnect(): void;
}

/** The connections that belong to no session: those still talking HTTP, and the administrators'. */
export class ConnectionRegistry {
  readonly #byName = new Map<string, RegisteredConnection>();
  #lastNumber = 0;

  /** `CID-1`, `CID-2`, …: one counter for the server, as connections of sessions have such names too. */
  nextName(): string {
    return `CID-${++this.#lastNumber}`;
  }

  add(connection: RegisteredConnection): void {
    this.#byName.set(connection.name, connection);
  }

  remove(connection: RegisteredConnection): void {
    this.#byName.delete(connection.name);
  }

  /** Names compare without case, as the administrator types them. */
  get(name: string): RegisteredConnection | undefined {
    return this.#byName.get(name.toUpperCase());
  }

  all(): readonly RegisteredConnection[] {
    return [...this.#byName.values()];
  }

  get size(): number {
    return this.#byName.size;
  }
}
