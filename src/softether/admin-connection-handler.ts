import type { Endpoint } from '#io';
import type { Pack } from './codec/pack.ts';

/** Who proved to be an administrator: of the server, or of one Virtual Hub. */
export type AdminLogin = { readonly role: 'server' } | { readonly role: 'hub'; readonly hubName: string };

/** How an administrator's connection is answered. */
export interface AdminChannel {
  /** `CID-7` */
  readonly connectionName: string;
  readonly remote: Endpoint;
  /** What the client called itself; unverified. */
  readonly clientProduct: string;
  /** Exactly one for each `receive`. Does nothing once the connection is closed. */
  send(pack: Pack): void;
  close(): void;
}

export interface AdminConversation {
  /** The next request. Not called again before the answer to this one was sent. */
  receive(pack: Pack): void;
  /** Once; nothing can be sent any more. */
  closed(): void;
}

/** Serves administration connections after their log-in; the admin module supplies it. */
export interface AdminConnectionHandler {
  open(login: AdminLogin, channel: AdminChannel): AdminConversation;
}
