import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBackplane } from '../../backplane/conformance.ts';
import type { Harness } from '../../backplane/harness.ts';
import { ManualClock } from '../../backplane/manual-clock.ts';
import { ModelBackplane } from './model-backplane.ts';
import { ModelEngine } from './model-engine.ts';
import { SimulatedProcess } from './simulated-process.ts';

const callTimeoutMs = 1_500;

// A simulation proves only as much as its engine: it obeys the same rules as the real ones.
describeBackplane('the engine of the simulation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubfarm-model-'));
  const clock = new ManualClock();
  const engine = new ModelEngine(clock);
  const processes = [new SimulatedProcess(clock), new SimulatedProcess(clock)];
  const clients = processes.map(
    (process, index) =>
      new ModelBackplane({ engine, clock: process, name: `m${index}`, callTimeoutMs, latencyMs: () => 0 }),
  );
  let paths = 0;
  const harness: Harness = {
    clients,
    hasty: clients[0]!,
    callTimeoutMs,
    passTime: (ms) => clock.advance(ms),
    holdUp: async (client, ms) => {
      const process = processes[clients.findIndex((each) => each === client)];
      process?.stop();
      await clock.advance(ms);
      process?.resume();
      await clock.advance(0);
    },
    interrupt: () => {
      engine.goDown();
      return Promise.resolve();
    },
    restore: () => {
      engine.comeBack();
      return Promise.resolve();
    },
    newPath: () => join(folder, `new-${++paths}.db`),
    close: async () => {
      if (!engine.isUp) engine.comeBack();
      await Promise.all(clients.map((client) => client.close()));
      engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return Promise.resolve(harness);
});
