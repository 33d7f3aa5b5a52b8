import type { Network, TcpNetwork } from '../listener.ts';
import type { MutualTlsNetwork } from '../mutual-tls.ts';
import { DialContexts } from './dial-contexts.ts';
import { dial } from './dialer.ts';
import { createMutualTls } from './mutual-tls.ts';
import { SharedReceive } from './shared-receive.ts';
import { findReadBufferSymbols } from './socket-internals.ts';
import { loadSocketOptions, type SocketOptions } from './socket-options.ts';
import { listenTcp } from './tcp-listener.ts';
import { loadTlsEngine, type TlsEngine } from './tls-engine/engine.ts';
import { listenTls } from './tls-listener.ts';

export interface NodeNetworkOptions {
  readonly shared?: SharedReceive | undefined;
  /** Who carries accepted TLS connections: `own`, where that is possible, which is meant unless said, or `runtime`. */
  readonly tlsEngine?: 'own' | 'runtime';
  /** Groups of the key exchange that `dial` offers, in OpenSSL's names, best first. Absent: as the runtime does. */
  readonly dialGroups?: readonly string[];
}

/** TCP and TLS of this machine. All its streams share one receive buffer. */
export function createNodeNetwork(options: NodeNetworkOptions = {}): Network & MutualTlsNetwork & TcpNetwork {
  const { shared = new SharedReceive(findReadBufferSymbols()), dialGroups, tlsEngine = 'own' } = options;
  const contexts = new DialContexts(dialGroups);
  let engine: Promise<TlsEngine | undefined> | undefined;
  const engineOf = async (): Promise<TlsEngine | undefined> =>
    tlsEngine === 'own' ? (engine ??= loadTlsEngine(shared.budget)) : undefined;
  let socketOptions: Promise<SocketOptions | undefined> | undefined;
  const deps = { shared, contexts, socketOptions: () => (socketOptions ??= loadSocketOptions()) };
  return {
    listenTls: async (options) => listenTls(options, shared, await engineOf()),
    listenTcp: (options) => listenTcp(options, shared),
    dial: (options) => dial(options, deps),
    ...createMutualTls(shared),
  };
}
