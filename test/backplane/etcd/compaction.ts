import { MessageWriter } from '../../../src/backplane/etcd/codec/message.ts';
import { clientOptions } from '../../../src/backplane/etcd/open.ts';
import { EngineClient } from '../../../src/backplane/etcd/rpc/engine-client.ts';
import { io, type TestCluster, type TestEngine } from './test-engine.ts';

/** Cuts the engine's history at `revision`, which it does by itself every five minutes. */
export async function compact(cluster: TestCluster, engine: TestEngine, revision: number): Promise<void> {
  const identity = await cluster.authority.issue('compactor');
  const endpoints = [{ host: engine.host, port: engine.clientPort }];
  const { http2, clock } = io;
  const client = new EngineClient(
    clientOptions({ endpoints, tls: () => ({ identity }), http2, clock }),
    () => undefined,
  );
  // CompactionRequest{1 revision, 2 physical}
  await client.call('/etcdserverpb.KV/Compact', new MessageWriter().number(1, revision).finish());
  client.close();
}
