import type { NodeInfo, SessionInfo } from '#hub';
import { parseIpAddress } from '#base';
import { bool, data, int, int64, ip, str, time, unistr, type ValueOf } from '../schema/field.ts';
import type { ServerFacts } from './context.ts';
import { policyFields, policyOutput } from './structs/policy.ts';
import { trafficFields, trafficOutput } from './structs/traffic.ts';

/** NODEINFO. Its numbers are byte-swapped on this wire, and readers swap them back; the original does so too. */
const nodeInfoFields = {
  ClientProductName: str(),
  ClientOsName: str(),
  ClientOsVer: str(),
  ClientOsProductId: str(),
  ClientHostname: str(),
  ServerHostname: str(),
  ProxyHostname: str(),
  UniqueId: data('16 bytes'),
  ClientProductVer: int('byte-swapped'),
  ClientProductBuild: int('byte-swapped'),
  ClientPort: int('byte-swapped'),
  ServerPort2: int('byte-swapped'),
  ProxyPort: int('byte-swapped'),
  ClientIpAddress: ip(),
  ServerIpAddress: ip(),
  ProxyIpAddress: ip(),
  ClientIpAddress6: data('16 bytes'),
  ServerIpAddress6: data('16 bytes'),
  ProxyIpAddress6: data('16 bytes'),
};

/** CONN_STATUS. */
const connectionStatusFields = {
  AccountName: unistr(),
  ServerName: str(),
  ServerProductName: str(),
  CipherName: str(),
  SessionName: str(),
  ConnectionName: str(),
  SessionKey: data('20 bytes'),
  Active: bool(),
  Connected: bool(),
  SessionStatus: int('3 = established'),
  ServerPort: int(),
  ServerProductVer: int(),
  ServerProductBuild: int(),
  NumConnectionsEstablished: int(),
  HalfConnection: bool(),
  QoS: bool(),
  MaxTcpConnections: int(),
  NumTcpConnections: int(),
  NumTcpConnectionsUpload: int('half-duplex sessions only'),
  NumTcpConnectionsDownload: int('half-duplex sessions only'),
  UseEncrypt: bool(),
  UseCompress: bool(),
  IsRUDPSession: bool(),
  UnderlayProtocol: str(),
  IsUdpAccelerationEnabled: bool(),
  IsUsingUdpAcceleration: bool(),
  IsBridgeMode: bool(),
  IsMonitorMode: bool(),
  StartTime: time(),
  FirstConnectionEstablisiedTime: time('spelled as on the wire'),
  CurrentConnectionEstablishTime: time(),
  TotalSendSize: int64('bytes that the client sent'),
  TotalRecvSize: int64('bytes that the client received'),
  TotalSendSizeReal: int64('bytes on the wire'),
  TotalRecvSizeReal: int64('bytes on the wire'),
  VLanId: int(),
};

export const sessionStatusFields = {
  HubName: str(),
  Name: str(),
  Username: str(),
  GroupName: str(),
  RealUsername: str(),
  SessionStatus_ClientIp: ip(),
  SessionStatus_ClientIp6: data('16 bytes'),
  SessionStatus_ClientHostName: str(),
  Client_Ip_Address: ip(),
  ...connectionStatusFields,
  ...policyFields,
  ...trafficFields,
  ...nodeInfoFields,
};

const STATUS_ESTABLISHED = 3;
/** What the original calls the connection of a built-in session; vpncmd shows no line for this very word. */
const NO_CONNECTION = 'INITING';
const NO_UNIQUE_ID = Buffer.alloc(16);

const isIpv6 = (address: string): boolean => address.includes(':');
const ipv4Of = (address: string): string => (isIpv6(address) ? '' : address);
const ipv6BytesOf = (address: string): Buffer =>
  (isIpv6(address) ? parseIpAddress(address) : undefined) ?? Buffer.alloc(16);

function swapped(value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.readUInt32LE();
}

function nodeInfoOutput(node: NodeInfo | undefined): ValueOf<typeof nodeInfoFields> {
  return {
    ClientProductName: node?.clientProductName ?? '',
    ClientOsName: node?.clientOsName ?? '',
    ClientOsVer: node?.clientOsVersion ?? '',
    ClientOsProductId: node?.clientOsProductId ?? '',
    ClientHostname: node?.clientHostname ?? '',
    ServerHostname: node?.serverHostname ?? '',
    ProxyHostname: node?.proxyHostname ?? '',
    UniqueId: node?.uniqueId ?? NO_UNIQUE_ID,
    ClientProductVer: swapped(node?.clientProductVersion ?? 0),
    ClientProductBuild: swapped(node?.clientProductBuild ?? 0),
    ClientPort: swapped(node?.clientPort ?? 0),
    ServerPort2: swapped(node?.serverPort ?? 0),
    ProxyPort: swapped(node?.proxyPort ?? 0),
    ClientIpAddress: ipv4Of(node?.clientAddress ?? ''),
    ServerIpAddress: ipv4Of(node?.serverAddress ?? ''),
    ProxyIpAddress: ipv4Of(node?.proxyAddress ?? ''),
    ClientIpAddress6: ipv6BytesOf(node?.clientAddress ?? ''),
    ServerIpAddress6: ipv6BytesOf(node?.serverAddress ?? ''),
    ProxyIpAddress6: ipv6BytesOf(node?.proxyAddress ?? ''),
  };
}

function connectionStatusOutput(session: SessionInfo, facts: ServerFacts): ValueOf<typeof connectionStatusFields> {
  return {
    AccountName: '',
    ServerName: '',
    ServerProductName: session.serverProductName || facts.productName,
    CipherName: session.cipherName,
    SessionName: session.name,
    ConnectionName: session.connectionName || NO_CONNECTION,
    SessionKey: session.sessionKey,
    Active: true,
    Connected: true,
    SessionStatus: STATUS_ESTABLISHED,
    ServerPort: 0,
    ServerProductVer: facts.version,
    ServerProductBuild: facts.build,
    NumConnectionsEstablished: 1,
    HalfConnection: session.isHalfConnection,
    QoS: session.isQos,
    MaxTcpConnections: session.maxTcpConnections,
    NumTcpConnections: session.tcpConnections,
    NumTcpConnectionsUpload: session.isHalfConnection ? session.tcpConnectionsUpload : 0,
    NumTcpConnectionsDownload: session.isHalfConnection ? session.tcpConnectionsDownload : 0,
    UseEncrypt: session.isEncrypted,
    UseCompress: session.isCompressed,
    IsRUDPSession: false,
    UnderlayProtocol: session.underlayProtocol,
    IsUdpAccelerationEnabled: false,
    IsUsingUdpAcceleration: false,
    IsBridgeMode: session.isBridgeMode,
    IsMonitorMode: session.isMonitorMode,
    StartTime: session.startedAtMs,
    FirstConnectionEstablisiedTime: session.firstConnectedAtMs,
    CurrentConnectionEstablishTime: session.currentConnectedAtMs,
    // As the traffic: seen from the client.
    TotalSendSize: session.wireBytesReceived,
    TotalRecvSize: session.wireBytesSent,
    TotalSendSizeReal: session.wireBytesReceived,
    TotalRecvSizeReal: session.wireBytesSent,
    VLanId: session.vlanId,
  };
}

export function sessionStatusOutput(
  hubName: string,
  session: SessionInfo,
  facts: ServerFacts,
): ValueOf<typeof sessionStatusFields> {
  return {
    HubName: hubName,
    Name: session.name,
    Username: session.userName,
    GroupName: session.groupName,
    RealUsername: session.realUserName,
    SessionStatus_ClientIp: ipv4Of(session.remoteAddress),
    SessionStatus_ClientIp6: ipv6BytesOf(session.remoteAddress),
    SessionStatus_ClientHostName: session.remoteHostname,
    Client_Ip_Address: session.remoteAddress,
    ...connectionStatusOutput(session, facts),
    ...policyOutput(session.policy),
    ...trafficOutput(session.traffic),
    ...nodeInfoOutput(session.nodeInfo),
  };
}
