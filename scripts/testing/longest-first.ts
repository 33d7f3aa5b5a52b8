import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Test files that take longest, in seconds of a machine that does nothing else. Begun first, so that at the end no worker
 * waits long for another: without this list vitest begins with the longest text.
 */
const seconds: Readonly<Record<string, number>> = {
  'test/interop/connect.test.ts': 140,
  'test/interop/connect-failures.test.ts': 130,
  'test/interop/cluster-failures.test.ts': 120,
  'test/interop/cluster-hubfarm.test.ts': 110,
  'test/interop/virtual-hub.test.ts': 70,
  'test/interop/cluster-join.test.ts': 50,
  'test/app/serve/cluster.test.ts': 80,
  'test/backplane/etcd/conformance.process.test.ts': 55,
  'test/backplane/etcd/cluster.process.test.ts': 50,
  'test/app/serve/members.test.ts': 25,
  'test/cluster/join/join.test.ts': 25,
};

const secondsOf = ({ moduleId }: TestSpecification): number =>
  Object.entries(seconds).find(([name]) => moduleId.endsWith(`/${name}`))?.[1] ?? 0;

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => secondsOf(b) - secondsOf(a));
  }
}
