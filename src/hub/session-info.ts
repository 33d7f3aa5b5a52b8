import type { Policy } from './records.ts';

export type SessionKind = 'client' | 'localBridge' | 'cascade' | 'secureNat' | 'layer3';

/** Frame and byte counters. "broadcast" = group bit set in the destination, as SoftEther counts. */
export interface Traffic {
  recvBroadcastBytes: number;
  recvBroadcastCount: number;
  recvUnicastBytes: number;
  recvUnicastCount: number;
  sendBroadcastBytes: number;
  sendBroadcastCount: number;
  sendUnicastBytes: number;
  sendUnicastCount: number;
}

/** What the client says of itself in its log-in PACK (softether-protocol §4.2). Unverified text: for display only. */
export interface NodeInfo {
  readonly clientProductName: string;
  readonly clientProductVersion: number;
  readonly clientProductBuild: number;
  readonly clientOsName: string;
  readonly clientOsVersion: string;
  readonly clientOsProductId: string;
  readonly clientHostname: string;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverProductName: string;
  readonly serverProductVersion: number;
  readonly serverProductBuild: number;
  readonly serverHostname: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly proxyHostname: string;
  readonly proxyAddress: string;
  readonly proxyPort: number;
  readonly hubName: string;
  /** 16 bytes */
  readonly uniqueId: Buffer;
}

/** One attached session, as lists and status show it. A snapshot: nothing in it changes later. */
export interface SessionInfo {
  readonly name: string;
  readonly kind: SessionKind;
  readonly userName: string;
  /** The name that was authenticated, where it differs (user `*`). */
  readonly realUserName: string;
  readonly groupName: string;
  readonly connectionName: string;
  /** 20 bytes; empty for built-in sessions. */
  readonly sessionKey: Buffer;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteHostname: string;
  readonly clientProductName: string;
  readonly clientVersion: number;
  readonly clientBuild: number;
  readonly serverProductName: string;
  readonly cipherName: string;
  readonly underlayProtocol: string;
  readonly maxTcpConnections: number;
  readonly tcpConnections: number;
  readonly tcpConnectionsUpload: number;
  readonly tcpConnectionsDownload: number;
  readonly isHalfConnection: boolean;
  readonly isEncrypted: boolean;
  readonly isCompressed: boolean;
  readonly isQos: boolean;
  readonly isBridgeMode: boolean;
  readonly isMonitorMode: boolean;
  readonly vlanId: number;
  readonly policy: Policy;
  readonly nodeInfo: NodeInfo | undefined;
  readonly traffic: Readonly<Traffic>;
  /** Bytes on the wire, framing included. */
  readonly wireBytesSent: number;
  readonly wireBytesReceived: number;
  readonly startedAtMs: number;
  readonly firstConnectedAtMs: number;
  readonly currentConnectedAtMs: number;
  readonly lastCommunicationAtMs: number;
}
