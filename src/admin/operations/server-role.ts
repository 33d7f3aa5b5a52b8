import { kindInCluster, type HubKind } from '#hub';
import { memberName } from '#cluster';
import { ErrorCode } from '#softether';
import type { AdminContext } from './context.ts';
import { hubTypeNumbers } from './hub-fields.ts';

/** SoftEther's ServerType. */
export const serverTypeNumbers = { standalone: 0, controller: 1, member: 2 } as const;

/** What this server is at this moment: a member that has become the controller by election is one. */
export function serverRole({ cluster }: AdminContext): keyof typeof serverTypeNumbers {
  if (cluster === undefined || cluster.modes.status().mode === 'standalone') return 'standalone';
  return cluster.members?.isController === true ? 'controller' : 'member';
}

export function serverTypeNumber(context: AdminContext): number {
  return serverTypeNumbers[serverRole(context)];
}

/** What lists call this member: its name in the cluster, which tells members on hosts of one name apart. */
export function nameHere({ cluster, info }: AdminContext): string {
  return cluster?.members === undefined ? info.hostName : memberName(cluster.members.self);
}

/** On a stand-alone server every hub is stand-alone, whatever it was made as; in a cluster none is. */
export function hubKindHere(context: AdminContext, kind: HubKind): HubKind {
  return serverRole(context) === 'standalone' ? 'standalone' : kindInCluster(kind);
}

export function hubTypeNumber(context: AdminContext, kind: HubKind): number {
  return hubTypeNumbers[hubKindHere(context, kind)];
}

/** What a member that is not the controller answers: hubs and users are administered at the controller. */
const refusedAtMembers: ReadonlyMap<string, number> = new Map([
  ...['CreateHub', 'SetHub', 'GetHub', 'DeleteHub', 'SetHubOnline', 'SetHubMsg'].map(notController),
  ...['AddCa', 'EnumCa', 'GetCa', 'DeleteCa', 'DeleteAccess', 'EnableSecureNAT', 'DisableSecureNAT'].map(notController),
  ...['SetSecureNATOption', 'GetSecureNATOption'].map(notController),
  ...['CreateUser', 'SetUser', 'GetUser', 'DeleteUser', 'EnumUser'].map(notSupported),
  ...['CreateGroup', 'SetGroup', 'GetGroup', 'DeleteGroup', 'EnumGroup'].map(notSupported),
  ...['AddAccess', 'EnumAccess', 'SetAccessList', 'GetHubRadius', 'SetHubRadius'].map(notSupported),
  ...['EnumLink', 'EnumCrl', 'AddCrl', 'DelCrl', 'GetCrl', 'SetCrl', 'SetAcList', 'GetAcList'].map(notSupported),
  ...['GetDefaultHubAdminOptions', 'GetHubAdminOptions', 'SetHubAdminOptions', 'SetHubExtOptions'].map(notSupported),
]);

/** What no server of a cluster has: outgoing cascades. */
const refusedInClusters: ReadonlySet<string> = new Set(['EnumLink', 'CreateLink', 'GetLink', 'SetLink']);

function notController(name: string): readonly [string, number] {
  return [name, ErrorCode.NOT_FARM_CONTROLLER];
}

function notSupported(name: string): readonly [string, number] {
  return [name, ErrorCode.NOT_SUPPORTED];
}

/** The number with which this server refuses an operation because of its part in a cluster; undefined = it does not. */
export function refusedForRole(context: AdminContext, operation: string): number | undefined {
  const role = serverRole(context);
  if (role !== 'standalone' && refusedInClusters.has(operation)) return ErrorCode.NOT_SUPPORTED;
  return role === 'member' ? refusedAtMembers.get(operation) : undefined;
}

/** The same in words. */
export const whyRefused = (context: AdminContext): string =>
  serverRole(context) === 'member'
    ? 'the hubs and users of a cluster are administered at its controller'
    : 'servers of a cluster have no cascades of their own to other servers';
