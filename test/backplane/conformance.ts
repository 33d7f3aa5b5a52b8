import { afterEach, beforeEach, describe } from 'vitest';
import type { Backplane } from '#backplane';
import type { Harness, OpenHarness } from './harness.ts';
import { coordinationSuite } from './conformance-coordination.ts';
import { endingSuite } from './conformance-ending.ts';
import { keyValueSuite } from './conformance-key-value.ts';
import { watchSuite } from './conformance-watch.ts';

/** What a suite works with; `store` and `other` are the same client where the implementation has only one. */
export interface Subject {
  readonly harness: Harness;
  readonly store: Backplane;
  readonly other: Backplane;
}

/** The rules S1–S7 of the interface. Every implementation passes this suite unchanged. */
export function describeBackplane(name: string, open: OpenHarness): void {
  describe(`${name} is a backplane`, () => {
    let harness: Harness | undefined;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness?.close();
    });
    const subject = (): Subject => {
      if (harness === undefined) throw new Error('the store is open only while tests run');
      return { harness, store: harness.clients[0]!, other: harness.clients.at(-1)! };
    };
    keyValueSuite(subject);
    watchSuite(subject);
    coordinationSuite(subject);
    endingSuite(subject);
  });
}
