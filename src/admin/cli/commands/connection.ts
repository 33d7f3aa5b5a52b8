import { integer, moment, cell, plain } from '../output/cell.ts';
import { versionText } from '../output/format.ts';
import { notEmpty, type Command, type Parameter } from './command.ts';
import { actionCommand, listCommand, propertiesCommand, type Item } from './kinds.ts';
import { connectionType } from './words.ts';

const nameParameter = (prompt: string): Parameter => ({
  name: '[name]',
  help: 'The name of the connection, as ConnectionList shows it.',
  prompt,
  check: notEmpty,
});

const version =
  (field: string): Item['value'] =>
  (a) =>
    cell(versionText(a.integer(field)), a.integer(field));
const hasClient: NonNullable<Item['when']> = (a) => a.text('ClientStr') !== '';

export const connectionCommands: readonly Command[] = [
  listCommand({
    name: 'ConnectionList',
    title: 'Get List of TCP Connections Connecting to the VPN Server',
    help: 'Lists the TCP connections that are not (yet) part of a VPN session, administration among them.',
    call: 'EnumConnection',
    group: 'ConnectionList',
    view: 'grid',
    columns: [
      { key: 'name', title: 'Connection Name', value: (row) => plain(row.text('Name')) },
      {
        key: 'source',
        title: 'Connection Source',
        value: (row) =>
          cell(`${row.text('Hostname')}: ${row.integer('Port')}`, {
            host: row.text('Hostname'),
            address: row.address('Ip'),
            port: row.integer('Port'),
          }),
      },
      { key: 'startedAt', title: 'Connection Start', value: (row) => moment(row.timeMs('ConnectedTime')) },
      { key: 'type', title: 'Type', value: (row) => connectionType(row.integer('Type')) },
    ],
  }),
  propertiesCommand({
    name: 'ConnectionGet',
    title: 'Get Information of TCP Connections Connecting to the VPN Server',
    help: 'Shows what is known of one TCP connection: where it comes from, since when, and which program opened it.',
    parameters: [nameParameter('Connection Name to Get Info: ')],
    call: 'GetConnectionInfo',
    params: (args) => ({ Name_str: args.text('[name]') }),
    items: [
      { key: 'name', title: 'Connection Name', value: (a) => plain(a.text('Name')) },
      { key: 'type', title: 'Connection Type', value: (a) => connectionType(a.integer('Type')) },
      { key: 'host', title: 'Source Host Name', value: (a) => plain(a.text('Hostname')) },
      { key: 'port', title: 'Client Port Number (TCP)', value: (a) => integer(a.integer('Port')) },
      { key: 'startedAt', title: 'Connection Start', value: (a) => moment(a.timeMs('ConnectedTime')) },
      { key: 'serverProduct', title: 'Server Product Name', value: (a) => plain(a.text('ServerStr')) },
      // "Sever": vpncmd's spelling, which scripts match.
      { key: 'serverVersion', title: 'Sever Version', value: version('ServerVer') },
      { key: 'serverBuild', title: 'Server Build Number', value: (a) => integer(a.integer('ServerBuild')) },
      { key: 'clientProduct', title: 'Client Product Name', value: (a) => plain(a.text('ClientStr')), when: hasClient },
      { key: 'clientVersion', title: 'Client Version', value: version('ClientVer'), when: hasClient },
      { key: 'clientBuild', title: 'Client Build', value: (a) => integer(a.integer('ClientBuild')), when: hasClient },
    ],
  }),
  actionCommand({
    name: 'ConnectionDisconnect',
    title: 'Disconnect TCP Connections Connecting to the VPN Server',
    help: 'Closes one TCP connection. Connections of a VPN session come back by themselves: see SessionDisconnect.',
    parameters: [nameParameter('Connection Name to Disconnect: ')],
    call: 'DisconnectConnection',
    params: (args) => ({ Name_str: args.text('[name]') }),
  }),
];
