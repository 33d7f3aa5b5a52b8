import type { Fields } from '../fields.ts';
import { cell, flag, integer, moment, plain, type Cell } from '../output/cell.ts';
import type { Property } from '../output/table.ts';
import { nothingToShow, notEmpty, showTable, type Command, type Parameter } from './command.ts';
import { saveCertificate } from './certificate-files.ts';
import { customCommand, propertiesCommand } from './kinds.ts';
import { ServerType, serverType } from './words.ts';

const idParameter = (help: string): Parameter => ({
  name: '[id]',
  help,
  prompt: 'ID of Cluster Member: ',
  check: notEmpty,
});

function memberProperties(member: Fields): Property[] {
  const property = (key: string, title: string, value: Cell): Property => ({ key, title, value });
  const hubs = member.rows('HubsList');
  const type = member.flag('Controller') ? ServerType.controller : ServerType.member;
  return [
    property('type', 'Server Type', serverType(type)),
    property('connectedAt', 'Connection Established at', moment(member.timeMs('ConnectedTime'))),
    property('address', 'IP Address', plain(member.address('Ip'))),
    property('host', 'Host Name', plain(member.text('Hostname'))),
    property('points', 'Point', integer(member.integer('Point'))),
    property('weight', 'Performance Standard Ratio', integer(member.integer('Weight'))),
    property('publicPorts', 'Number of Public Ports', integer(portsOf(member).length)),
    ...portsOf(member).map((port, at) =>
      property(`publicPort${at + 1}`, `Public Port #${at + 1} (TCP/IP)`, integer(port)),
    ),
    property('hubs', 'Number of Running Virtual Hubs', integer(hubs.length)),
    ...hubs.map((hub, at) => {
      const text = hub.flag('DynamicHub') ? 'Dynamic' : 'Static';
      const name = hub.text('HubName');
      return property(
        `hub${at + 1}`,
        `Virtual Hub #${at + 1}`,
        cell(`${name} (${text})`, { name, kind: text.toLowerCase() }),
      );
    }),
    property('sessions', 'Number of Sessions', integer(member.integer('NumSessions'))),
    property('tcpConnections', 'Number of TCP Connections', integer(member.integer('NumTcpConnections'))),
  ];
}

/** A single port comes from SoftEther as a number of its own, several as a list. */
export function portsOf(member: Fields): readonly number[] {
  const ports = member.integers('Ports');
  return ports.length === 0 && member.integer('Ports') !== 0 ? [member.integer('Ports')] : ports;
}

const online = (status: Fields): boolean => status.flag('Online');

const NOT_CONNECTED = cell('(Not Connected)', null);

/** The numbers that this status has, in the words of vpncmd. */
const causes: Readonly<Record<number, string>> = {
  1:
    'Connection to the server failed. Check network connection and make sure that address and port number of ' +
    'destination server are correct. ',
  3: 'Connection has been disconnected. ',
  12: 'Access has been denied. ',
  46: 'The connection destination is not a cluster controller. ',
};

export const clusterMemberCommands: readonly Command[] = [
  customCommand({
    name: 'ClusterMemberInfoGet',
    title: 'Get Cluster Member Information',
    help: 'Shows one member of the cluster, and the hubs that run there. Only on the controller.',
    parameters: [idParameter('The number that ClusterMemberList shows.')],
    calls: ['GetFarmInfo'],
    run: async ({ api }, args) => {
      const member = await api.call('GetFarmInfo', { Id_u32: args.integer('[id]') });
      return showTable({ kind: 'properties', properties: memberProperties(member) });
    },
  }),
  customCommand({
    name: 'ClusterMemberCertGet',
    title: 'Get Cluster Member Certificate',
    help: 'Saves the certificate that a member of the cluster shows to clients. Only on the controller.',
    parameters: [
      idParameter('The number that ClusterMemberList shows.'),
      {
        name: 'SAVECERT',
        help: 'The file to write (PEM).',
        prompt: 'Save X.509 certificate to file name: ',
        check: notEmpty,
      },
    ],
    calls: ['GetFarmInfo'],
    run: async ({ api, files }, args) => {
      const member = await api.call('GetFarmInfo', { Id_u32: args.integer('[id]') });
      await saveCertificate(files, args.text('SAVECERT'), member.bytes('ServerCert'));
      return nothingToShow;
    },
  }),
  propertiesCommand({
    name: 'ClusterConnectionStatusGet',
    title: 'Get Connection Status to Cluster Controller',
    help: "Shows a member's connection to its controller. Only on a member.",
    call: 'GetFarmConnectionStatus',
    items: [
      {
        key: 'address',
        title: 'Controller IP Address',
        value: (a) => (online(a) ? plain(a.address('Ip')) : NOT_CONNECTED),
      },
      {
        key: 'port',
        title: 'Controller TCP/IP Port',
        value: (a) => (online(a) ? integer(a.integer('Port')) : NOT_CONNECTED),
      },
      {
        key: 'online',
        title: 'Connection Status',
        value: (a) => flag(online(a), 'Online', 'Offline'),
      },
      {
        key: 'lastError',
        title: 'Last Error',
        value: (a) => {
          const error = a.integer('LastError');
          return cell(`${causes[error] ?? ''}(Error Code: ${error})`, error);
        },
        when: (a) => !online(a),
      },
      { key: 'startedAt', title: 'Connection Started at', value: (a) => moment(a.timeMs('StartedTime')) },
      {
        key: 'firstConnectedAt',
        title: 'First Connection Established at',
        value: (a) => moment(a.timeMs('FirstConnectedTime')),
      },
      {
        key: 'connectedAt',
        title: 'Current Connection Established at',
        value: (a) => (online(a) ? moment(a.timeMs('CurrentConnectedTime')) : moment(0)),
      },
      { key: 'tries', title: 'Number of Connection Attempts', value: (a) => integer(a.integer('NumTry')) },
      { key: 'successes', title: 'Number of Successful Connections', value: (a) => integer(a.integer('NumConnected')) },
      { key: 'failures', title: 'Number of Failed Connections', value: (a) => integer(a.integer('NumFailed')) },
    ],
  }),
];
