import type { FarmMode, FarmSetting, Processing, ProcessingSetting, RoleSettings } from './settings.ts';

/** In a cluster: a backend may own accounts, all others are frontends. Threads of one server have the role of the server. */
export type MemberRole = 'backend' | 'frontend';
/** `alone`: the only member of a server that stands alone; `threads`: one of several threads of such a server. */
export type MemberKind = 'alone' | 'threads' | MemberRole;

/** Another member of the cluster as it was set up, whether or not it is up. */
export interface OtherRole {
  readonly role: MemberRole;
  readonly configured: RoleSettings;
}

export interface RoleFacts {
  readonly kind: MemberKind;
  readonly configured: RoleSettings;
  readonly others: readonly OtherRole[];
}

export interface Resolved {
  readonly farm: FarmMode;
  readonly signals: Processing;
  readonly callLegs: Processing;
  readonly warnings: readonly FarmWarning[];
}

/** For people, and a name to tell them apart by. */
export interface FarmWarning {
  readonly code: string;
  readonly text: string;
}

/**
 * What Auto means for this member. What counts is how the others are set up, not whether they are up: a backend whose farm
 * members are all down stays Relay, and fails, rather than going out directly.
 *
 * A cluster without frontends has nobody to leave the work to. There each member counts as both, unless somebody was told
 * explicitly to do it for the others.
 */
export function resolveFarm({ kind, configured, others }: RoleFacts): Resolved {
  const isSymmetric = kind === 'backend' && others.every(({ role }) => role === 'backend');
  const explicitProviders = (key: 'signals' | 'callLegs'): boolean =>
    others.some(({ configured: other }) => other[key] === 'locally-for-others');
  const explicitMembers = others.some(({ configured: other }) => other.farm === 'member');
  const members = others.some(({ role, configured: other }) => isConfiguredMember(role, other.farm));
  const signals = processing(kind, configured.signals, isSymmetric && !explicitProviders('signals'));
  const callLegs = processing(kind, configured.callLegs, isSymmetric && !explicitProviders('callLegs'));
  const farm = farmMode(kind, configured.farm, { isSymmetric: isSymmetric && !explicitMembers, members });
  return { farm, signals, callLegs, warnings: warningsOf({ kind, configured, others }, { farm, signals, callLegs }) };
}

function processing(kind: MemberKind, setting: ProcessingSetting, isSymmetric: boolean): Processing {
  if (setting !== 'auto') return setting;
  switch (kind) {
    case 'alone':
      return 'locally';
    case 'threads':
    case 'frontend':
      return 'locally-for-others';
    case 'backend':
      return isSymmetric ? 'locally-for-others' : 'remotely';
  }
}

function farmMode(
  kind: MemberKind,
  setting: FarmSetting,
  { isSymmetric, members }: { readonly isSymmetric: boolean; readonly members: boolean },
): FarmMode {
  if (setting !== 'auto') return setting;
  switch (kind) {
    case 'alone':
      return 'disabled';
    case 'threads':
    case 'frontend':
      return 'member';
    case 'backend':
      if (isSymmetric) return 'member';
      return members ? 'relay' : 'disabled';
  }
}

/** Frontends are members unless they were told otherwise. */
const isConfiguredMember = (role: MemberRole, farm: FarmSetting): boolean =>
  farm === 'member' || (farm === 'auto' && role === 'frontend');

const isConfiguredProvider = (role: MemberRole, setting: ProcessingSetting): boolean =>
  setting === 'locally-for-others' || (setting === 'auto' && role === 'frontend');

function warningsOf(
  { kind, configured, others }: RoleFacts,
  resolved: Pick<Resolved, 'farm' | 'signals' | 'callLegs'>,
): readonly FarmWarning[] {
  if (kind === 'alone') return [];
  const warnings: FarmWarning[] = [];
  const isAuto = Object.values(configured).includes('auto');
  if (kind === 'backend' && isAuto && others.every(({ role }) => role === 'backend')) {
    warnings.push({
      code: 'symmetric',
      text: 'every server of this cluster may own accounts, so there is no frontend that "auto" could leave the calls to: each does the work of both. Set farm, signals and callLegs where that is not meant',
    });
  }
  const names = { signals: 'signals', callLegs: 'call legs' } as const;
  for (const key of ['signals', 'callLegs'] as const) {
    const isProvided = others.some(({ role, configured: other }) => isConfiguredProvider(role, other[key]));
    if (resolved[key] === 'remotely' && !isProvided && kind !== 'threads') {
      warnings.push({
        code: `no-provider-${key}`,
        text: `${names[key]} are to be made remotely, but no other member makes them for others: set ${key} of one to "locally-for-others"`,
      });
    }
  }
  const hasMember = others.some(({ role, configured: other }) => isConfiguredMember(role, other.farm));
  if (resolved.farm === 'relay' && !hasMember) {
    warnings.push({
      code: 'no-farm-member',
      text: 'this member sends out through members of the farm, but no other one is set to be a member: set its farm to "member"',
    });
  }
  if (kind === 'threads' && resolved.farm === 'disabled') {
    warnings.push({
      code: 'threads-apart',
      text: 'the threads of this server share its ports, and farm is disabled: messages of one call may come to different threads, which then do not know it',
    });
  }
  return warnings;
}
