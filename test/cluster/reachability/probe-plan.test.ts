import { expect, test } from 'vitest';
import type { MemberId } from '#cluster';
import { probersPerMember, probeTargets } from '../../../src/cluster/reachability/probe-plan.ts';

const members = (servers: number, threads: number): MemberId[] =>
  Array.from({ length: servers * threads }, (_, at): MemberId => `s${Math.floor(at / threads)}/${at % threads}`);

test.each([
  [2, 1, 1],
  [2, 4, probersPerMember],
  [10, 1, probersPerMember],
  [5, 3, probersPerMember],
])(
  'with %i servers of %i members each, everybody is tried by %i members of other servers',
  (servers, threads, each) => {
    const all = members(servers, threads);
    for (const target of all) {
      const probers = all.filter((self) => probeTargets(self, all).includes(target));
      expect(probers).toHaveLength(each);
      expect(probers.map((id) => id.split('/')[0])).not.toContain(target.split('/')[0]);
    }
  },
);

test('a server alone tries nobody: that it reaches itself says nothing', () => {
  const all = members(1, 4);
  expect(all.flatMap((self) => probeTargets(self, all))).toEqual([]);
});
