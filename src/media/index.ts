export type * from './relay/relay.ts';
export { readCallCopy, type CallCopy } from './call-copy.ts';
export type { MachineAddresses } from './local-faces.ts';
export { MediaCall, type Described, type MediaCallListener } from './media-call.ts';
export { privateNetworks } from './private-networks.ts';
export { MediaProxy, type MediaFigures, type MediaProxyParts } from './media-proxy.ts';
export type { MediaSummary, StreamSummary } from './media-summary.ts';
export { PortPool, parsePortRange, portRangeText, shareOf, type PortFigures, type PortRange } from './port-pool.ts';
export { otherSide, relayReasons, type CallFacts, type PartyFacts, type RelayReason } from './relay-rules.ts';
export { findSdp, replaceSdp, type SdpPlace } from './sdp/multipart.ts';
export { decodeSdp, type SessionDescription } from './sdp/session-description.ts';
export { defaultMediaConfig, type MediaConfig, type MediaFace, type RelayPolicy } from './settings.ts';
export {
  checkMedia,
  type MediaCheck,
  type MediaCluster,
  type MediaFinding,
  type MediaMember,
} from './single-ip-check.ts';
export { openMediaRelay, type MediaRelayParts } from './relay/open-relay.ts';
