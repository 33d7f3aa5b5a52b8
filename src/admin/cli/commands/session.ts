import type { Fields } from '../fields.ts';
import { cell, grouped, integer, none, plain, type Cell } from '../output/cell.ts';
import { notEmpty, type Command, type Parameter } from './command.ts';
import { actionCommand, listCommand, propertiesCommand } from './kinds.ts';
import { sessionItems } from './session-items.ts';
import { ServerType } from './words.ts';

const sessionName: Parameter = {
  name: '[name]',
  help: 'The name of the session, as SessionList shows it.',
  prompt: 'Session name: ',
  check: notEmpty,
};

/** Sessions that the hub makes itself have no client behind them. */
function builtIn(row: Fields): { location?: string; host: string; tcp?: string } | undefined {
  if (row.flag('LinkMode')) return { location: 'Cascade Connection', host: 'Virtual Host', tcp: 'None' };
  if (row.flag('SecureNATMode')) return { location: 'SecureNAT Session', host: 'Virtual Host', tcp: 'None' };
  if (row.flag('BridgeMode')) return { host: 'Ethernet Bridge', tcp: 'None' };
  return row.text('Username').startsWith('L3SW_') ? { host: 'Virtual Layer 3 Switch' } : undefined;
}

/** Where the session runs: on a stand-alone server there is only one place. */
function location(row: Fields, server: Fields): Cell {
  const member = row.text('RemoteHostname');
  const isElsewhere = row.flag('RemoteSession') || member !== '';
  const isInCluster = server.integer('ServerType') !== ServerType.standalone;
  const text = builtIn(row)?.location ?? (isInCluster && isElsewhere ? `On '${member}'` : 'Local Session');
  return cell(text, member === '' ? null : member);
}

const host = (row: Fields): Cell => plain(builtIn(row)?.host ?? row.text('Hostname'));

function tcpConnections(row: Fields): Cell {
  const now = row.integer('CurrentNumTcp');
  const most = row.integer('MaxNumTcp');
  return cell(builtIn(row)?.tcp ?? `${now} / ${most}`, { now, most });
}

export const sessionCommands: readonly Command[] = [
  listCommand({
    name: 'SessionList',
    title: 'Get List of Connected Sessions',
    help: 'Lists the VPN sessions of the hub: who, from where, over how many TCP connections, how much traffic.',
    needsHub: true,
    first: 'GetServerInfo',
    call: 'EnumSession',
    group: 'SessionList',
    view: 'records',
    columns: [
      { key: 'name', title: 'Session Name', value: (row) => plain(row.text('Name')) },
      {
        key: 'vlanId',
        title: 'VLAN ID',
        value: (row) => (row.integer('VLanId') === 0 ? none : integer(row.integer('VLanId'))),
      },
      { key: 'location', title: 'Location', value: location },
      { key: 'user', title: 'User Name', value: (row) => plain(row.text('Username')) },
      { key: 'host', title: 'Source Host Name', value: host },
      { key: 'tcpConnections', title: 'TCP Connections', isRight: true, value: tcpConnections },
      {
        key: 'transferBytes',
        title: 'Transfer Bytes',
        isRight: true,
        value: (row) => grouped(row.count('PacketSize')),
      },
      {
        key: 'transferPackets',
        title: 'Transfer Packets',
        isRight: true,
        value: (row) => grouped(row.count('PacketNum')),
      },
    ],
  }),
  propertiesCommand({
    name: 'SessionGet',
    title: 'Get Session Information',
    help: 'Shows everything about one session: client, encryption, connections, traffic, and what the client reported.',
    parameters: [sessionName],
    needsHub: true,
    call: 'GetSessionStatus',
    params: (args) => ({ Name_str: args.text('[name]') }),
    items: sessionItems,
  }),
  actionCommand({
    name: 'SessionDisconnect',
    title: 'Disconnect Session',
    help: 'Ends a session. A client that is set to do so connects again.',
    parameters: [sessionName],
    needsHub: true,
    call: 'DeleteSession',
    params: (args) => ({ Name_str: args.text('[name]') }),
  }),
];
