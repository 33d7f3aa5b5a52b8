import { expect } from 'vitest';
import { Callee } from './farm-callee.ts';
import { Caller, type Call, type CallPlan } from './farm-caller.ts';
import { FarmWorld, type FarmWorldOptions } from './farm-world.ts';

const plans: readonly CallPlan[] = ['answered', 'refused', 'cancelled', 'endedByCallee'];
export const CALLS = 24;
/** Calls begin within that time. */
const SPAN_MS = 20_000;

export interface Story {
  readonly world: FarmWorld;
  readonly faults: readonly string[];
  readonly calls: readonly Call[];
  readonly callee: Callee;
}

/** Two telephones with many calls while `churn` goes on; and then time for all of them to end. */
export async function story(options: FarmWorldOptions, churn: (world: FarmWorld) => void): Promise<Story> {
  const world = await FarmWorld.open(options);
  // Half of the farms have been as they are for long: nobody looks for work of before, until something happens.
  if ((options.seed ?? 0) % 2 === 1) world.clock.advance(300_000);
  const faults: string[] = [];
  const caller = await new Caller(world, '198.51.100.7', faults).open();
  const callee = await new Callee(world, '198.51.100.8', faults).open();
  for (const user of ['alice', 'bob']) world.account(user);
  world.bind('bob', 'sip:bob@198.51.100.8:5060');
  const calls: Call[] = [];
  for (let at = 0; at < CALLS; at++) {
    const plan = plans[at % plans.length]!;
    world.clock.after(world.random.below(SPAN_MS), () => calls.push(caller.call(`${plan}-${at}`, plan)));
  }
  churn(world);
  for (let at = 0; at < 1800; at++) {
    world.clock.advance(100);
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  }
  await world.stop();
  return { world, faults, calls, callee };
}

/** Every call came about and ended as it should. */
export function expectAll({ faults, calls, callee }: Story): void {
  expect(faults).toEqual([]);
  expect(
    calls.filter(({ state }) => state !== 'ended').map(({ callId, state, why }) => `${callId} ${state} ${why}`),
  ).toEqual([]);
  expect(calls).toHaveLength(CALLS);
  expect(callee.orphans).toEqual([]);
}
