import { expect, onTestFinished, test } from 'vitest';
import { ClusterRig } from './cluster-rig.ts';

test('a member that does not know the hubs yet, because the engine is away, tells clients to come back soon (48)', async () => {
  const rig = await ClusterRig.start({ hubs: [] });
  onTestFinished(() => rig.close());
  rig.engine.state = 'lost';
  expect((await rig.login(0)).answer).toMatchObject({ kind: 'error', code: 48 });
  rig.engine.state = 'ok';
  expect((await rig.login(0)).answer).toMatchObject({ kind: 'error', code: 8 });
});
