import type { Network } from '../listener.ts';
import type { MutualTlsNetwork } from '../mutual-tls.ts';
import { DialContexts } from './dial-contexts.ts';
import { dial } from './dialer.ts';
import { createMutualTls } from './mutual-tls.ts';
import { SharedReceive } from './shared-receive.ts';
import { findReadBufferSymbols } from './socket-internals.ts';
import { loadSocketOptions, type SocketOptions } from './socket-options.ts';
import { listenTls } from './tls-listener.ts';

/** TCP and TLS of this machine. All its streams share one receive buffer. */
export function createNodeNetwork(shared = new SharedReceive(findReadBufferSymbols())): Network & MutualTlsNetwork {
  const contexts = new DialContexts();
  let socketOptions: Promise<SocketOptions | undefined> | undefined;
  const deps = { shared, contexts, socketOptions: () => (socketOptions ??= loadSocketOptions()) };
  return {
    listenTls: (options) => listenTls(options, shared),
    dial: (options) => dial(options, deps),
    ...createMutualTls(shared),
  };
}
