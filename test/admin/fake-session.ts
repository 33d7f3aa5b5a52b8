import {
  type AttachedSession,
  defaultPolicy,
  type HubPort,
  type SessionInfo,
  type SessionKind,
  type VirtualHub,
} from '#hub';
import { NOW_MS } from './records.ts';

/** A session that says of itself what a stock client's would. */
export class FakeSession implements AttachedSession {
  readonly policy = { ...defaultPolicy, NoBridge: true, NoRouting: true };
  readonly name: string;
  readonly kind: SessionKind;
  readonly userName: string;
  readonly port: HubPort;
  readonly #hub: VirtualHub;
  disconnectedFor: string | undefined;

  constructor(hub: VirtualHub, name: string, userName: string, kind: SessionKind = 'client') {
    this.#hub = hub;
    this.name = name;
    this.userName = userName;
    this.kind = kind;
    this.port = hub.attach(this);
  }

  info(): SessionInfo {
    const isClient = this.kind === 'client';
    return {
      name: this.name,
      kind: this.kind,
      userName: this.userName,
      realUserName: this.userName,
      groupName: '',
      connectionName: 'CID-17',
      sessionKey: Buffer.alloc(20, 7),
      remoteAddress: isClient ? '10.78.0.11' : '',
      remotePort: 1234,
      remoteHostname: isClient ? '10.78.0.11' : '',
      clientProductName: 'a client',
      clientVersion: 501,
      clientBuild: 9674,
      serverProductName: 'a server',
      cipherName: 'TLS_AES_256_GCM_SHA384',
      underlayProtocol: 'Standard TCP/IP (IPv4)',
      maxTcpConnections: 2,
      tcpConnections: 1,
      tcpConnectionsUpload: 1,
      tcpConnectionsDownload: 1,
      isHalfConnection: false,
      isEncrypted: true,
      isCompressed: false,
      isQos: false,
      isBridgeMode: false,
      isMonitorMode: false,
      vlanId: 0,
      policy: this.policy,
      nodeInfo: {
        clientProductName: 'SoftEther VPN Client',
        clientProductVersion: 501,
        clientProductBuild: 9674,
        clientOsName: 'Debian GNU/Linux',
        clientOsVersion: '12 (bookworm)',
        clientOsProductId: '--',
        clientHostname: 'vm',
        clientAddress: '10.78.0.11',
        clientPort: 45854,
        serverProductName: '',
        serverProductVersion: 0,
        serverProductBuild: 0,
        serverHostname: '10.78.0.2',
        serverAddress: '10.78.0.2',
        serverPort: 443,
        proxyHostname: '',
        proxyAddress: '0.0.0.0',
        proxyPort: 0,
        hubName: 'DEFAULT',
        uniqueId: Buffer.alloc(16, 9),
      },
      traffic: this.port.traffic,
      wireBytesSent: 25,
      wireBytesReceived: 508,
      startedAtMs: NOW_MS,
      firstConnectedAtMs: NOW_MS,
      currentConnectedAtMs: NOW_MS,
      lastCommunicationAtMs: NOW_MS,
    };
  }

  disconnect(reason: string): void {
    this.disconnectedFor = reason;
    this.#hub.detach(this.port);
  }

  flush(): void {}

  /** Sends one broadcast frame (an ARP request) into the hub, so that the tables have something to show. */
  sendFrame(): void {
    const arp = '0001080006040001' + '5e26' + '8e2809e3' + '0a630001' + '000000000000' + '0a630002';
    const frame = Buffer.from('ffffffffffff' + '5e268e2809e3' + '0806' + arp, 'hex');
    const record = Buffer.alloc(4 + frame.length);
    record.writeUInt32BE(frame.length);
    frame.copy(record, 4);
    this.port.receive(record, 0, record.length, 1);
  }
}
