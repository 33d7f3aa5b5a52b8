import type { EmbeddedStore } from '#backplane';
import { Lifecycle } from '#base';
import { isServerName, memberIdOf, memberName } from '#cluster';
import type { ListenerStatus } from '../listener-set.ts';
import { MemberMetrics } from '../member-metrics.ts';
import { processMetrics } from '../process-metrics.ts';
import type { ServerOptions } from '../server-options.ts';
import { assembleMember, type Member } from './assembly.ts';
import { MemberThread, membersCheck } from './member-threads.ts';
import type { OwnRecords } from './own-records.ts';

/** All members of this server: the first in the calling thread, the others in threads of their own. */
export interface ServerMembers {
  readonly isFirstStart: boolean;
  listeners(): readonly ListenerStatus[];
  stop(): Promise<void>;
}

export async function startMembers(
  options: ServerOptions,
  store: EmbeddedStore,
  own: OwnRecords,
): Promise<ServerMembers> {
  const { config, io, logger } = options;
  const count = config.server.members ?? Math.max(1, io.machine.cores);
  const nameOf = (index: number): string => memberName(memberIdOf(serverNameOf(own.hostName), index));
  const lifecycle = new Lifecycle();
  const threads: MemberThread[] = [];
  const stop = async (): Promise<void> => {
    // At once: each takes its time to close its sessions in order.
    const [failures] = await Promise.all([lifecycle.stop(), ...threads.map((thread) => thread.stop())]);
    for (const { name, error } of failures) logger.error({ err: error }, `${name} did not stop in order`);
  };
  try {
    const named = count === 1 ? options : { ...options, logger: logger.child({ member: nameOf(0) }) };
    const stores = { local: store.backplane, shared: store.backplane, own };
    const first = await assembleMember(named, { index: 0, count }, stores, lifecycle);
    for (let index = 1; index < count; index++) {
      const input = { seat: { index, count }, name: nameOf(index), config, packageVersion: options.packageVersion };
      const { writeRecord } = options;
      const { threads: ofMachine, clock } = io;
      threads.push(
        new MemberThread({ threads: ofMachine, clock, logger, input, invite: () => store.invite(), writeRecord }),
      );
    }
    fillPage(options, first, nameOf(0), threads);
    await Promise.all(threads.map((thread) => thread.settled));
    if (threads.length > 0) first.health.addCheck(membersCheck(threads));
    first.health.started();
    return {
      isFirstStart: first.isFirstStart,
      listeners: () => [...first.listeners(), ...threads.flatMap((thread) => thread.listeners())],
      stop: async () => {
        first.health.stopping('the server is stopping');
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The page of metrics: of the process, and of each member. */
function fillPage(
  { io, packageVersion }: ServerOptions,
  first: Member,
  name: string,
  threads: readonly MemberThread[],
): void {
  const { page } = first;
  page.addAll(processMetrics(io.clock, { version: packageVersion }));
  if (threads.length === 0) {
    page.addAll(first.metrics);
    return;
  }
  const members = new MemberMetrics(name, first.metrics, async () => {
    const measured = await Promise.all(threads.map(async (thread) => [thread.name, await thread.measure()] as const));
    return new Map(measured.flatMap(([member, samples]) => (samples === undefined ? [] : [[member, samples]])));
  });
  page.beforeScrape(() => members.fetch());
  page.addAll(members.metrics);
}

/** The host name as the name of a server in its cluster, whatever characters it has. */
export function serverNameOf(hostName: string): string {
  const name = hostName
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63);
  return isServerName(name) ? name : 'hubfarm';
}
