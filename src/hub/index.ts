export type { AttachedSession, DisconnectReason } from './attached-session.ts';
export { BridgeDirectory, type Bridge, type BridgeRecord } from './bridge-directory.ts';
export { BridgeHost, type BridgeHostOptions, type BridgeStatus } from './bridge-host.ts';
export { HubDirectory, defaultDirectoryLimits, type DirectoryLimits, type DirectoryOptions } from './directory.ts';
export type { DirectoryChange } from './hub-tables.ts';
export { ClusterStatistics, type ClusterStatisticsOptions } from './cluster-statistics.ts';
export { createHubEnvironment, type HubEnvironment } from './environment.ts';
export { DirectoryError, type DirectoryErrorCode } from './errors.ts';
export {
  DhcpOption,
  decodeDhcpMessage,
  encodeDhcpMessage,
  type DhcpMessage,
  type DhcpMessageType,
} from './frame/dhcp-message.ts';
export { decodeUdp4Frame, encodeUdp4Frame, type Udp4Frame } from './frame/udp4-frame.ts';
export { HubHost, type HubHostOptions } from './host.ts';
export { defaultHubLimits, type HubLimits } from './limits.ts';
export { checkHubName, checkUserName, hubKeyOf } from './names.ts';
export { OutputQueue, type BlockPools, type FrameEncoder } from './output-queue.ts';
export { administratorPolicy, defaultPolicy, withoutBridging } from './policy.ts';
export type { HubPort } from './port.ts';
export { kindInCluster } from './records.ts';
export type { HubKind, HubRecord, Policy, UserAuth, UserRecord } from './records.ts';
export type { NodeInfo, SessionInfo, SessionKind, Traffic } from './session-info.ts';
export type { Statistics, StatisticsKeeper, StatisticsOwner } from './statistics.ts';
export { differenceOfTraffic, isNoTraffic, noTraffic, sumTraffic, unicast } from './traffic.ts';
export { VirtualHub, type AttachOptions, type IpTableRow, type MacTableRow } from './virtual-hub.ts';
