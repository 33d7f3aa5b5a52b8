import type { Fields } from '../fields.ts';
import { cell, integer, plain, type Cell } from '../output/cell.ts';
import type { Column } from '../output/table.ts';
import { notEmpty, showTable, showText, type Command, type Parameter } from './command.ts';
import { actionCommand, customCommand } from './kinds.ts';

const hubName = (prompt: string): Parameter => ({
  name: '[hubname]',
  help: 'The hub to bridge.',
  prompt,
  check: notEmpty,
});

const device = (prompt: string): Parameter => ({
  name: 'DEVICE',
  help: 'The network interface, as BridgeDeviceList shows it, or the name of the TAP device.',
  prompt,
  check: notEmpty,
});

function status(row: Fields): Cell {
  if (!row.flag('Online')) return cell('Offline', 'offline');
  return row.flag('Active') ? cell('Operating', 'operating') : cell('Error', 'error');
}

const bridgeColumns: readonly Column[] = [
  { key: 'number', title: 'Number' },
  { key: 'hub', title: 'Virtual Hub Name' },
  { key: 'device', title: 'Network Adapter or Tap Device Name' },
  { key: 'status', title: 'Status' },
];

export const bridgeCommands: readonly Command[] = [
  customCommand({
    name: 'BridgeDeviceList',
    title: 'Get List of Network Adapters Usable as Local Bridge',
    help: 'Lists the network interfaces of the server that a local bridge can join to a hub.',
    calls: ['EnumEthernet'],
    run: async ({ api }) => {
      const names = (await api.call('EnumEthernet')).rows('EthList').map((row) => row.text('DeviceName'));
      return showText(names, names);
    },
  }),
  customCommand({
    name: 'BridgeList',
    title: 'Get List of Local Bridge Connection',
    help: 'Lists the local bridges: hub, network interface or TAP device, and whether frames flow.',
    calls: ['EnumLocalBridge'],
    columns: bridgeColumns,
    run: async ({ api }) => {
      const bridges = (await api.call('EnumLocalBridge')).rows('LocalBridgeList');
      const rows = bridges.map((row, at) => [
        integer(at + 1),
        plain(row.text('HubNameLB')),
        plain(row.text('DeviceName')),
        status(row),
      ]);
      return showTable({ kind: 'grid', columns: bridgeColumns, rows });
    },
  }),
  actionCommand({
    name: 'BridgeCreate',
    title: 'Create Local Bridge Connection',
    help: 'Joins a hub and a network interface of the server, or a new TAP device, to one Ethernet segment.',
    parameters: [
      hubName('Virtual Hub Name to Create Bridge: '),
      device('Bridge Destination Device Name: '),
      { name: 'TAP', help: 'yes = make a TAP device of this name instead of using an interface.' },
    ],
    call: 'AddLocalBridge',
    params: (args) => ({
      HubNameLB_str: args.text('[hubname]'),
      DeviceName_str: args.text('DEVICE'),
      TapMode_bool: args.isYes('TAP'),
    }),
  }),
  actionCommand({
    name: 'BridgeDelete',
    title: 'Delete Local Bridge Connection',
    help: 'Parts a hub and a network interface; a TAP device that was made for the bridge goes away.',
    parameters: [hubName('Virtual Hub Name to Delete Bridge: '), device('Bridge Device Name to Delete: ')],
    call: 'DeleteLocalBridge',
    params: (args) => ({ HubNameLB_str: args.text('[hubname]'), DeviceName_str: args.text('DEVICE') }),
  }),
];
