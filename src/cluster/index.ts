export {
  Gone,
  Overloaded,
  Refused,
  Timeout,
  type Bus,
  type BusAddress,
  type BusHandler,
  type BusLink,
  type CallOptions,
} from './bus.ts';
export type {
  ClusterMode,
  ClusterModes,
  ClusterModeStatus,
  ControllerConnectionStatus,
  ControllerSettings,
  MemberSettings,
} from './cluster-modes.ts';
export type { Handle, MemberBoot } from './handle.ts';
export * from './join/front-door.ts';
export { isServerName, memberIdOf, memberName, parseMemberId, type MemberId } from './member-id.ts';
export type {
  Controllership,
  LoadCounts,
  LoadReport,
  MemberInfo,
  MemberState,
  MemberView,
  Membership,
} from './membership.ts';
export {
  ClusterPlacement,
  ticketLifeMs,
  type NotPlaced,
  type Placed,
  type PlacementResult,
} from './placement/cluster-placement.ts';
export { reachablePorts, type Exclusion } from './placement/exclusion.ts';
export type { PlacementRow } from './placement/placement-book.ts';
export { pointsOf } from './placement/points.ts';
