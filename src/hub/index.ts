export type { AttachedSession, DisconnectReason } from './attached-session.ts';
export { BridgeDirectory, type BridgeRecord } from './bridge-directory.ts';
export { BridgeHost, type BridgeStatus } from './bridge-host.ts';
export { HubDirectory, defaultDirectoryLimits } from './directory.ts';
export type { DirectoryChange } from './hub-tables.ts';
export { ClusterStatistics } from './cluster-statistics.ts';
export { createHubEnvironment } from './environment.ts';
export {
  DhcpOption,
  decodeDhcpMessage,
  encodeDhcpMessage,
  type DhcpMessage,
  type DhcpMessageType,
} from './frame/dhcp-message.ts';
export { decodeUdp4Frame, encodeUdp4Frame, type Udp4Frame } from './frame/udp4-frame.ts';
export { HubHost } from './host.ts';
export { defaultHubLimits, type HubLimits } from './limits.ts';
export { hubKeyOf } from './names.ts';
export { OutputQueue, type BlockPools } from './output-queue.ts';
export { administratorPolicy, defaultPolicy, withoutBridging } from './policy.ts';
export type { HubPort } from './port.ts';
export { kindInCluster } from './records.ts';
export type { HubKind, HubRecord, Policy, UserAuth, UserRecord } from './records.ts';
export type { NodeInfo, SessionInfo, SessionKind, Traffic } from './session-info.ts';
export type { Statistics, StatisticsOwner } from './statistics.ts';
export { noTraffic, sumTraffic, unicast } from './traffic.ts';
export { VirtualHub, type AttachOptions } from './virtual-hub.ts';
