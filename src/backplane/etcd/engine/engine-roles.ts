import type { EngineMember } from '../codec/membership.ts';

/**
 * What a server that joins has of the engine. `learner`: a copy without a vote. `voter`: it begins as learner and gets its
 * vote when its copy is complete. `client`: nothing, it asks the others.
 */
export type EngineRole = 'voter' | 'learner' | 'client';

const votersWanted = 3;

/**
 * One voter stands or falls with its server. Two would be worse: either's end stops both. So the second server keeps a
 * copy, and with the third both get a vote. More than three make every change slower and outages hardly rarer.
 */
export function roleForNext(members: readonly Pick<EngineMember, 'isLearner'>[]): EngineRole {
  const voters = members.filter(({ isLearner }) => !isLearner).length;
  if (voters >= votersWanted) return 'client';
  return members.length === 1 ? 'learner' : 'voter';
}
