import type { Backplane } from '#backplane';
import type { CertificateInfo } from '#base';
import type { MemberInfo } from '#cluster';
import type { Clock } from '#io';
import type { HealthCheck } from './health.ts';
import type { ListenerStatus } from './listener-set.ts';
import type { MemberThread } from './member/member-thread.ts';

const dayMs = 24 * 60 * 60_000;

export function storeCheck(backplane: Pick<Backplane, 'state'>): HealthCheck {
  return {
    name: 'store',
    problem: () =>
      backplane.state() === 'ok' ? undefined : 'not reachable, or it cannot write: nothing can be changed',
  };
}

/** Some port that was asked for must be open. One of several that is not is no reason to send sessions elsewhere. */
export function listenersCheck(list: () => readonly ListenerStatus[]): HealthCheck {
  return {
    name: 'listeners',
    problem: () => {
      if (list().some(({ isListening }) => isListening)) return undefined;
      const errors = list()
        .map(({ error }) => error)
        .filter((error) => error !== undefined);
      return errors.length === 0 ? 'no port is open' : `no port is open: ${errors.join('; ')}`;
    },
  };
}

/** Clients that check certificates refuse one that is not valid at this moment. */
export function certificateCheck(
  clock: Clock,
  certificate: () => Pick<CertificateInfo, 'notBeforeMs' | 'notAfterMs'>,
): HealthCheck {
  return {
    name: 'certificate',
    problem: () => {
      const { notBeforeMs, notAfterMs } = certificate();
      const now = clock.wallMs();
      if (now < notBeforeMs) return `not valid before ${new Date(notBeforeMs).toISOString()}: is the clock right?`;
      return now > notAfterMs ? `expired ${Math.ceil((now - notAfterMs) / dayMs)} days ago: set a new one` : undefined;
    },
  };
}

/** A draining member takes no new sessions; those that it has go on. */
export function drainCheck(member: { readonly self: Pick<MemberInfo, 'isDraining'> }): HealthCheck {
  return {
    name: 'placement',
    problem: () => (member.self.isDraining ? 'draining: nothing new is placed here' : undefined),
  };
}

/** The cluster's store. Sessions go on without it; new ones may not. `seenAtMs`: this server goes by what it saw then. */
export function engineCheck(
  shared: Pick<Backplane, 'state'>,
  ownEngine: () => string,
  seenAtMs: () => number | undefined,
): HealthCheck {
  return {
    name: 'engine',
    problem: () => {
      const seenMs = seenAtMs();
      const copy = seenMs === undefined ? '' : `; hubs and users are those of ${new Date(seenMs).toISOString()}`;
      if (shared.state() === 'ok' && copy === '') return undefined;
      return `the engine of the cluster does not answer (own engine: ${ownEngine()})${copy}`;
    },
  };
}

/** Members that are not up are no reason to send sessions elsewhere, as long as the first one is: but to look. */
export function membersCheck(members: readonly Pick<MemberThread, 'name' | 'problem'>[]): HealthCheck {
  return {
    name: 'members',
    isHint: true,
    problem: () => {
      const down = members.flatMap((member) => {
        const problem = member.problem();
        return problem === undefined ? [] : [`${member.name}: ${problem}`];
      });
      return down.length === 0 ? undefined : down.join('; ');
    },
  };
}
