import type { NodeInfo } from '#hub';
import type { Endpoint } from '#io';

/** What the log-in found out; kept for lists and status. No buffers that would keep a whole PACK alive. */
export interface SessionIdentity {
  /** `SID-<USER>-<n>` */
  readonly name: string;
  /** `CID-<n>` of the connection that logged in. */
  readonly connectionName: string;
  /** 20 bytes as latin1 text: a small buffer would pin the pool that it was cut from. */
  readonly keyText: string;
  readonly userName: string;
  readonly realUserName: string;
  readonly groupName: string;
  readonly isAdministrator: boolean;
  /** The client runs on this very machine. */
  readonly isLocalhost: boolean;
  /** 20 bytes as latin1 text, or empty: the client's machine. */
  readonly uniqueIdText: string;
  readonly remote: Endpoint;
  readonly clientProduct: string;
  readonly clientVersion: number;
  readonly clientBuild: number;
  readonly cipherName: string;
  readonly nodeInfo: NodeInfo | undefined;
}
