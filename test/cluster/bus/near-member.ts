import { onTestFinished } from 'vitest';
import { MemberBus, type LinkMaker, type MemberBoot } from '#cluster';
import type { NodeIo } from '#io/node';
import { LogLines, MemberBook } from './bus-rig.ts';

export interface NearMember {
  readonly bus: MemberBus;
  readonly book: MemberBook;
  readonly log: LogLines;
  /** Resolves with the time, in ms since the epoch of `performance`, of the next change of a link to `state`. */
  next(state: 'up' | 'silent' | 'down'): Promise<number>;
}

/** A member in the process of the test. */
export async function startNear(
  io: NodeIo,
  self: MemberBoot,
  makers: (log: LogLines) => readonly LinkMaker[],
): Promise<NearMember> {
  const { clock, random } = io;
  const book = new MemberBook();
  const log = new LogLines();
  const bus = new MemberBus({
    self,
    cluster: 'farm-1',
    clock,
    random,
    logger: log,
    members: book,
    makers: makers(log),
  });
  await bus.start();
  onTestFinished(() => bus.stop());
  const next = (state: string): Promise<number> =>
    new Promise((resolve) => {
      const stop = bus.onLink((link) => {
        if (link.state !== state) return;
        stop();
        resolve(performance.now());
      });
    });
  return { bus, book, log, next };
}
