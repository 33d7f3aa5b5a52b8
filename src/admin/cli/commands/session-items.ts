import type { Fields } from '../fields.ts';
import { bytes, cell, flag, integer, moment, none, plain, type Cell } from '../output/cell.ts';
import { hexText, versionText } from '../output/format.ts';
import type { Item } from './kinds.ts';
import { trafficItems } from './traffic.ts';

/** Users that stand for what the hub makes itself. */
const builtInUsers = ['Cascade', 'SecureNAT', 'Local Bridge'];
const hasDatabaseUser = (a: Fields): boolean => !builtInUsers.includes(a.text('Username'));
const hasClient = (a: Fields): boolean => hasDatabaseUser(a) && !a.text('Username').startsWith('L3SW_');
const isConnected = (a: Fields): boolean => a.flag('Connected');
const hasProxy = (a: Fields): boolean => hasClient(a) && a.text('ProxyHostname') !== '';

/** A group of lines that appear under one condition; a line's own condition comes on top. */
const all = (when: (a: Fields) => boolean, items: readonly Item[]): Item[] =>
  items.map((item) => ({ ...item, when: (a) => when(a) && (item.when?.(a) ?? true) }));

const text = (key: string, title: string, field: string): Item => ({ key, title, value: (a) => plain(a.text(field)) });

const build = (number: number): Cell => cell(`Build ${number}`, number);
const version = (number: number): Cell => cell(versionText(number), number);

/** Numbers of the node information travel with their bytes reversed: the wire has the client's own byte order. */
function reversed(number: number): number {
  const bytesOf = Buffer.alloc(4);
  bytesOf.writeUInt32BE(number);
  return bytesOf.readUInt32LE();
}

function encryption(a: Fields): Cell {
  const cipher = a.text('CipherName');
  if (!a.flag('UseEncrypt')) return cell('Disabled (No Encryption)', null);
  return cell(cipher === '' ? 'Enabled' : `Enabled (Algorithm: ${cipher})`, cipher);
}

function compression(a: Fields): Cell {
  if (!a.flag('UseCompress')) return cell('No (No Compression)', null);
  const plainSize = Number(a.count('TotalRecvSize')) + Number(a.count('TotalSendSize'));
  const wireSize = Number(a.count('TotalRecvSizeReal')) + Number(a.count('TotalSendSizeReal'));
  const saved = plainSize > 0 ? Math.min(Math.max(100 - Math.floor((wireSize * 100) / plainSize), 0), 100) : 0;
  return cell(`Yes (${saved} %)`, { savedPercent: saved });
}

const addressItem = (key: string, title: string, field: string): Item => ({
  key,
  title,
  value: (a) => plain(a.address(field) || '0.0.0.0'),
});

const who: readonly Item[] = [
  {
    key: 'clientAddress',
    title: 'Client IP Address',
    value: (a) => plain(a.address('Client_Ip_Address')),
    when: (a) => a.address('Client_Ip_Address') !== '',
  },
  {
    key: 'clientHost',
    title: 'Client Host Name',
    value: (a) => plain(a.text('SessionStatus_ClientHostName')),
    when: (a) => a.text('SessionStatus_ClientHostName') !== '',
  },
  text('user', 'User Name (Authentication)', 'Username'),
  { ...text('databaseUser', 'User Name (Database)', 'RealUsername'), when: hasDatabaseUser },
  { ...text('group', 'Group Name', 'GroupName'), when: (a) => a.text('GroupName') !== '' },
];

const server: readonly Item[] = all(isConnected, [
  {
    key: 'vlanId',
    title: 'VLAN ID',
    value: (a) => (a.integer('VLanId') === 0 ? none : integer(a.integer('VLanId'))),
  },
  text('serverProduct', 'Server Product Name', 'ServerProductName'),
  { key: 'serverVersion', title: 'Server Version', value: (a) => version(a.integer('ServerProductVer')) },
  { key: 'serverBuild', title: 'Server Build', value: (a) => build(a.integer('ServerProductBuild')) },
]);

const since: readonly Item[] = [
  { key: 'startedAt', title: 'Connection Started at', value: (a) => moment(a.timeMs('StartTime')) },
  {
    key: 'firstEstablishedAt',
    title: 'First Session has been Established since',
    // The wire's own spelling.
    value: (a) => {
      const at = a.timeMs('FirstConnectionEstablisiedTime');
      return at === 0 ? none : moment(at);
    },
  },
  {
    key: 'establishedAt',
    title: 'Current Session has been Established since',
    value: (a) => moment(a.timeMs('CurrentConnectionEstablishTime')),
    when: isConnected,
  },
];

const transport: readonly Item[] = all(isConnected, [
  {
    key: 'halfDuplex',
    title: 'Half Duplex TCP Connection Mode',
    value: (a) => flag(a.flag('HalfConnection'), 'Yes (Half Duplex Mode)', 'No (Full Duplex Mode)'),
  },
  { key: 'qos', title: 'VoIP / QoS Function', value: (a) => flag(a.flag('QoS'), 'Enabled', 'Disabled') },
  { key: 'tcpConnections', title: 'Number of TCP Connections', value: (a) => integer(a.integer('NumTcpConnections')) },
  ...all(
    (a) => a.flag('HalfConnection'),
    [
      {
        key: 'uplinkTcpConnections',
        title: 'Number of Uplink TCP Connections',
        value: (a) => integer(a.integer('NumTcpConnectionsUpload')),
      },
      {
        key: 'downlinkTcpConnections',
        title: 'Number of Downlink TCP Connections',
        value: (a) => integer(a.integer('NumTcpConnectionsDownload')),
      },
    ],
  ),
  {
    key: 'maxTcpConnections',
    title: 'Maximum Number of TCP Connections',
    value: (a) => integer(a.integer('MaxTcpConnections')),
  },
  { key: 'encryption', title: 'Encryption', value: encryption },
  { key: 'compression', title: 'Use of Compression', value: compression },
  {
    ...text('underlay', 'Physical Underlay Protocol', 'UnderlayProtocol'),
    when: (a) => a.text('UnderlayProtocol') !== '',
  },
  {
    key: 'udpAccelerationSupported',
    title: 'UDP Acceleration is Supported',
    value: (a) => flag(a.flag('IsUdpAccelerationEnabled')),
  },
  {
    key: 'udpAccelerationActive',
    title: 'UDP Acceleration is Active',
    value: (a) => flag(a.flag('IsUsingUdpAcceleration')),
  },
  text('name', 'Session Name', 'SessionName'),
  { ...text('connection', 'Connection Name', 'ConnectionName'), when: (a) => a.text('ConnectionName') !== 'INITING' },
  { key: 'key', title: 'Session Key (160 bit)', value: (a) => plain(hexText(a.bytes('SessionKey'))) },
  { key: 'bridgeMode', title: 'Bridge / Router Mode', value: (a) => flag(a.flag('IsBridgeMode')) },
  { key: 'monitorMode', title: 'Monitoring Mode', value: (a) => flag(a.flag('IsMonitorMode')) },
  { key: 'sentBytes', title: 'Outgoing Data Size', value: (a) => bytes(a.count('TotalSendSize')) },
  { key: 'receivedBytes', title: 'Incoming Data Size', value: (a) => bytes(a.count('TotalRecvSize')) },
  ...trafficItems,
]);

const reported = (key: string, title: string, value: Item['value']): Item => ({
  key: `reported${key}`,
  title,
  value,
});

const node: readonly Item[] = all(hasClient, [
  reported('ClientProduct', 'Client Product Name (Reported)', (a) => plain(a.text('ClientProductName'))),
  reported('ClientVersion', 'Client Version (Reported)', (a) => version(reversed(a.integer('ClientProductVer')))),
  reported('ClientBuild', 'Client Build (Reported)', (a) => build(reversed(a.integer('ClientProductBuild')))),
  reported('OsName', 'Client OS Name (Reported)', (a) => plain(a.text('ClientOsName'))),
  reported('OsVersion', 'Client OS Version (Reported)', (a) => plain(a.text('ClientOsVer'))),
  reported('OsProductId', 'Client OS Product ID (Reported)', (a) => plain(a.text('ClientOsProductId'))),
  reported('ClientHost', 'Client Host Name (Reported)', (a) => plain(a.text('ClientHostname'))),
  // Two blanks, as vpncmd has it.
  addressItem('reportedClientAddress', 'Client IP Address  (Reported)', 'ClientIpAddress'),
  reported('ClientPort', 'Client Port (Reported)', (a) => integer(reversed(a.integer('ClientPort')))),
  reported('ServerHost', 'Server Host Name (Reported)', (a) => plain(a.text('ServerHostname'))),
  addressItem('reportedServerAddress', 'Server IP Address (Reported)', 'ServerIpAddress'),
  reported('ServerPort', 'Server Port (Reported)', (a) => integer(reversed(a.integer('ServerPort2')))),
]);

const proxy: readonly Item[] = all(hasProxy, [
  reported('ProxyHost', 'Proxy Host Name (Reported)', (a) => plain(a.text('ProxyHostname'))),
  addressItem('reportedProxyAddress', 'Proxy IP Address (Reported)', 'ProxyIpAddress'),
  reported('ProxyPort', 'Proxy Port (Reported)', (a) => integer(reversed(a.integer('ProxyPort')))),
]);

/** Everything about one session, in the order of vpncmd. */
export const sessionItems: readonly Item[] = [...who, ...server, ...since, ...transport, ...node, ...proxy];
