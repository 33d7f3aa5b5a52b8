import type { HubPort, SessionInfo, SessionKind } from '#hub';
import type { SessionTerms } from './handshake/session-terms.ts';
import type { SessionIdentity } from './session-identity.ts';
import type { SessionSocket } from './session-socket.ts';

export interface DescribedSession {
  readonly kind: SessionKind;
  readonly identity: SessionIdentity;
  readonly terms: SessionTerms;
  readonly port: HubPort;
  readonly sockets: readonly SessionSocket[];
  /** Unix milliseconds, as all that follow. */
  readonly startedAtMs: number;
  readonly connectedAtMs: number;
}

export interface SessionFigures {
  readonly serverProduct: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly lastCommunicationAtMs: number;
}

/** The session as lists and status show it. */
export function describeSession(session: DescribedSession, figures: SessionFigures): SessionInfo {
  const { identity, terms, sockets } = session;
  const { remote } = identity;
  const ipVersion = remote.address.includes(':') ? 'IPv6' : 'IPv4';
  return {
    name: identity.name,
    kind: session.kind,
    userName: identity.userName,
    realUserName: identity.realUserName,
    groupName: identity.groupName,
    connectionName: identity.connectionName,
    sessionKey: Buffer.from(identity.keyText, 'latin1'),
    remoteAddress: remote.address,
    remotePort: remote.port,
    remoteHostname: remote.address,
    clientProductName: identity.clientProduct,
    clientVersion: identity.clientVersion,
    clientBuild: identity.clientBuild,
    serverProductName: figures.serverProduct,
    cipherName: terms.isEncrypted ? identity.cipherName : '',
    underlayProtocol: `Standard TCP/IP (${ipVersion})`,
    maxTcpConnections: terms.maxConnection,
    tcpConnections: sockets.length,
    // "Upload" and "download" as the client sees them.
    tcpConnectionsUpload: sockets.filter((socket) => socket.canReceive).length,
    tcpConnectionsDownload: sockets.filter((socket) => socket.canSend).length,
    isHalfConnection: terms.isHalfConnection,
    isEncrypted: terms.isEncrypted,
    isCompressed: terms.isCompressed,
    isQos: false,
    isBridgeMode: terms.isBridgeMode,
    isMonitorMode: terms.isMonitorMode,
    vlanId: terms.policy.VLanId,
    policy: terms.policy,
    nodeInfo: identity.nodeInfo,
    traffic: session.port.traffic,
    wireBytesSent: figures.bytesSent,
    wireBytesReceived: figures.bytesReceived,
    startedAtMs: session.startedAtMs,
    firstConnectedAtMs: session.startedAtMs,
    currentConnectedAtMs: session.connectedAtMs,
    lastCommunicationAtMs: figures.lastCommunicationAtMs,
  };
}
