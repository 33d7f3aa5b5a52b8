/** What the rest of the product sees of this folder. */
export { ClusterConnection, type ClusterReach } from './cluster-connection.ts';
export type { ClusterEngine, EngineCandidate } from './cluster-engine.ts';
export { ClusterFailure, type ClusterFailureCode } from './cluster-failure.ts';
export type { ClusterSettings, EngineRole, EngineSettings } from './cluster-settings.ts';
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
export type { ModeSwitch } from './mode-switch.ts';
