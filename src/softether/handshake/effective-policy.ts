import { defaultPolicy, type HubRecord, type Policy, type UserRecord } from '#hub';

/** Where the policies of groups are kept. */
export interface GroupPolicies {
  groupPolicy?(hubName: string, groupName: string): Policy | undefined;
}

/** The user's own policy, else the group's, else the default. */
export function effectivePolicy(groups: GroupPolicies, hub: HubRecord, user: UserRecord): Policy {
  if (user.policy !== undefined) return user.policy;
  const ofGroup = user.groupName === '' ? undefined : groups.groupPolicy?.(hub.name, user.groupName);
  return ofGroup ?? defaultPolicy;
}
