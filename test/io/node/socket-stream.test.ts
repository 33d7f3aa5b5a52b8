import { setTimeout as delay } from 'node:timers/promises';
import type { TlsVersion } from '#io';
import { createNodeNetwork } from '#io/node';
import { SharedReceive } from '../../../src/io/node/shared-receive.ts';
import { describeByteStream, type StreamsUnderTest } from '../byte-stream-suite.ts';
import { connectedPair } from './loopback.ts';
import { Wiretap } from './wiretap.ts';

/** Long enough for everything under way on the loopback interface. */
const SETTLED_MS = 60;

const connect = (version: TlsVersion, shared?: SharedReceive) => async (): Promise<StreamsUnderTest> => {
  let tap: Wiretap | undefined;
  const { client, server } = await connectedPair({
    network: createNodeNetwork({ shared }),
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

describeByteStream('a TLS 1.2 stream', connect('TLSv1.2'));
describeByteStream('a TLS 1.3 stream', connect('TLSv1.3'));
describeByteStream(
  'a TLS stream where the shared buffer cannot be had',
  connect('TLSv1.2', new SharedReceive(undefined)),
);
