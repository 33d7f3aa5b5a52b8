import type { MemberId } from '../member-id.ts';
import type { MemberView } from '../membership.ts';

/** Why nothing new is placed on a member. */
export type Exclusion = 'silent' | 'suspect' | 'draining' | 'controllerOnly' | 'unreachable' | 'full';

/** For people, after "the member … ". */
export const exclusionTexts: Readonly<Record<Exclusion, string>> = {
  silent: 'has not reported yet',
  suspect: 'is not heard on the bus',
  draining: 'is draining',
  controllerOnly: 'does controller functions only',
  unreachable: 'is not reached at its public address',
  full: 'is full',
};

/** Whether it is full is not known here: that depends on what was placed since its report. */
export function exclusionOf(view: MemberView, controller: MemberId | undefined): Exclusion | undefined {
  const { info, load, state } = view;
  if (load === undefined) return 'silent';
  if (state === 'suspect') return 'suspect';
  if (info.isDraining) return 'draining';
  if (info.isControllerOnly && info.id === controller) return 'controllerOnly';
  return reachablePorts(view).length === 0 ? 'unreachable' : undefined;
}

/** The public ports that clients may be sent to: all that no other member found closed. */
export function reachablePorts({ info, load }: MemberView): readonly number[] {
  const closed = load?.unreachablePorts ?? [];
  return info.publicPorts.filter((port) => !closed.includes(port));
}
