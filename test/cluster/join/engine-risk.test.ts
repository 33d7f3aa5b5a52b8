import { describe, expect, test } from 'vitest';
import { engineRisk, type EngineSeat } from '../../../src/cluster/join/engine-risk.ts';

/** `alpha:voter beta:voter:away` */
const seats = (text: string): EngineSeat[] =>
  text.split(' ').map((word) => {
    const [serverName = '', engineRole = '', state] = word.split(':');
    return { serverName, engineRole: engineRole as EngineSeat['engineRole'], isUp: state !== 'away' };
  });

describe('what the engine of a cluster does not outlast', () => {
  test.each(['alpha:voter', 'alpha:voter beta:voter gamma:voter', 'alpha:unknown beta:unknown'])(
    'is nothing to be told with %s',
    (text) => {
      expect(engineRisk(seats(text))).toBe('');
    },
  );

  test('is the loss of the only server with a vote, while the second one has a copy', () => {
    expect(engineRisk(seats('alpha:voter beta:learner'))).toBe(
      'the engine runs on alpha alone: while that server is away nothing can be changed; let another server join',
    );
  });

  test('is the loss of either of two voters, which are left when the third one was removed', () => {
    expect(engineRisk(seats('alpha:voter beta:voter'))).toBe(
      'one more failure stops the engine: without alpha or beta nothing can be changed; let another server join',
    );
  });

  test('names the server that gets the place of the removed one', () => {
    expect(engineRisk(seats('alpha:voter beta:voter delta:client'))).toContain('delta gets a vote within a minute');
  });

  test('is one more failure while one of three is away', () => {
    expect(engineRisk(seats('alpha:voter beta:voter gamma:voter:away'))).toBe(
      'one more failure stops the engine: without alpha or beta nothing can be changed; bring gamma back',
    );
  });

  test('is said when the majority is lost', () => {
    expect(engineRisk(seats('alpha:voter beta:voter:away gamma:voter:away'))).toContain(
      'lost its majority (beta and gamma away)',
    );
  });
});
