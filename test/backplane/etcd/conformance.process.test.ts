import { afterAll, beforeAll, describe } from 'vitest';
import { describeBackplane } from '../conformance.ts';
import { newFolder } from '../embedded-harness.ts';
import { etcdHarness } from './etcd-harness.ts';
import { newTestCluster, newTestEngine, type TestCluster, type TestEngine } from './test-engine.ts';
import { requireEtcd } from './require-etcd.ts';

const folder = newFolder();
let cluster: TestCluster;
let engine: TestEngine;

describe.runIf(requireEtcd())('with one engine', () => {
  beforeAll(async () => {
    cluster = await newTestCluster(folder.path);
    engine = await newTestEngine(cluster, 'm1');
    await engine.engine.start();
  });

  afterAll(async () => {
    await engine.engine.stop();
    folder.remove();
  });

  describeBackplane('the etcd store', () => etcdHarness(cluster, engine));
});
