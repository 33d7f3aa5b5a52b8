import { setTimeout as delay } from 'node:timers/promises';
import type { TlsVersion } from '#io';
import { createNodeNetwork } from '#io/node';
import { SharedReceive } from '../../../src/io/node/shared-receive.ts';
import { describeByteStream, type StreamsUnderTest } from '../byte-stream-suite.ts';
import { connectedPair } from './loopback.ts';
import { Wiretap } from './wiretap.ts';

/** Long enough for everything under way on the loopback interface. */
const SETTLED_MS = 60;

interface Variant {
  readonly version?: TlsVersion;
  readonly tlsEngine?: 'own' | 'runtime';
  readonly shared?: SharedReceive;
}

const connect = (variant: Variant) => async (): Promise<StreamsUnderTest> => {
  const { version = 'TLSv1.2', tlsEngine = 'own', shared } = variant;
  let tap: Wiretap | undefined;
  const { client, server } = await connectedPair({
    network: createNodeNetwork({ shared, tlsEngine }),
    listen: { chooseMaxVersion: () => version },
    dial: { mayDropEncryption: true },
    between: async (port) => {
      tap = await Wiretap.before(port);
      return tap.port;
    },
  });
  return {
    client,
    server,
    run: (promise) => promise,
    settle: () => delay(SETTLED_MS),
    clientEndsUncleanly: () => tap?.endClient(),
  };
};

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  describeByteStream(`a ${version} stream of the engine`, connect({ version }));
  describeByteStream(`a ${version} stream of the runtime`, connect({ version, tlsEngine: 'runtime' }));
}
describeByteStream(
  'a TLS stream where the shared buffer cannot be had',
  connect({ tlsEngine: 'runtime', shared: new SharedReceive(undefined) }),
);
