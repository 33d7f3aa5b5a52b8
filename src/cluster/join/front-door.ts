/** What the rest of the product sees of this folder. */
export { clusterAuthorityKey } from './bus-messages.ts';
export { ClusterConnection, type ClusterReach } from './cluster-connection.ts';
export { ClusterDuties, serveDrain, type ClusterDutiesDeps } from './cluster-duties.ts';
export type { ClusterEngine, EngineCandidate } from './cluster-engine.ts';
export { ClusterFailure, type ClusterFailureCode } from './cluster-failure.ts';
export type { ClusterSettings, EngineRole, EngineSettings } from './cluster-settings.ts';
export { ClusterState, type ClusterMembershipFiles } from './cluster-state.ts';
export type {
  ClusterServerStatus,
  ClusterStatus,
  ClusterStep,
  ClusterSteps,
  InitRequest,
  JoinRequest,
  ModeChange,
  StepProgress,
} from './cluster-steps.ts';
export { ClusterTasks, type ClusterTask } from './cluster-tasks.ts';
export { JoinDesk } from './join-desk.ts';
export { joinAlpn } from './join-protocol.ts';
export type { DeskCluster, DeskStanding, JoinDeskDeps, LicenceDesk } from './join-visit.ts';
export { KnownServers } from './known-servers.ts';
export { drainOwnServer } from './drain-server.ts';
export type { ModeSwitch } from './mode-switch.ts';
export type { OwnServer, RunningCluster } from './running-cluster.ts';
export { ServerCluster } from './server-cluster.ts';
export type { ServerClusterDeps } from './server-cluster-deps.ts';
export { serverPrefix, ServerRegistry, type ServerRecord } from './server-registry.ts';
