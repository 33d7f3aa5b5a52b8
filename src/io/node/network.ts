import type { Network } from '../listener.ts';
import { dial } from './dialer.ts';
import { SharedReceive } from './shared-receive.ts';
import { findReadBufferSymbols } from './socket-internals.ts';
import { listenTls } from './tls-listener.ts';

/** TCP and TLS of this machine. All its streams share one receive buffer. */
export function createNodeNetwork(shared = new SharedReceive(findReadBufferSymbols())): Network {
  return {
    listenTls: (options) => listenTls(options, shared),
    dial: (options) => dial(options, shared),
  };
}
