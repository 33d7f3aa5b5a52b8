import type { Arguments, Command, Parameter } from './command.ts';
import { notEmpty } from './command.ts';
import type { Fields } from '../fields.ts';
import { cell, integer, none, plain, shortMoment, type Cell } from '../output/cell.ts';
import { macText } from '../output/format.ts';
import { actionCommand, listCommand, type ListColumn } from './kinds.ts';

/** The MAC and IP address tables of a hub. */

const onlyOf: Parameter = { name: '[session_name]', help: 'Shows only what belongs to this session.' };

const entryId = (list: string): Parameter => ({
  name: '[id]',
  help: `The ID of the entry, as ${list} shows it.`,
  prompt: 'ID to Delete: ',
  check: notEmpty,
});

const ofSession = (row: Fields, args: Arguments): boolean => {
  const wanted = args.text('[session_name]');
  return wanted === '' || row.text('SessionName').toLowerCase() === wanted.toLowerCase();
};

function location(row: Fields): Cell {
  const member = row.text('RemoteHostname');
  return member === '' ? cell('On This Server', null) : cell(`On '${member}'`, member);
}

function ipAddress(row: Fields): Cell {
  const address = row.address('IpAddress') || row.address('IpV6') || row.address('Ip');
  return cell(row.flag('DhcpAllocated') ? `${address} (DHCP)` : address, address);
}

const id: ListColumn = { key: 'id', title: 'ID', value: (row) => integer(row.integer('Key')) };
const session: ListColumn = { key: 'session', title: 'Session Name', value: (row) => plain(row.text('SessionName')) };
const seen: readonly ListColumn[] = [
  { key: 'createdAt', title: 'Created at', value: (row) => shortMoment(row.timeMs('CreatedTime')) },
  { key: 'updatedAt', title: 'Updated at', value: (row) => shortMoment(row.timeMs('UpdatedTime')) },
  { key: 'location', title: 'Location', value: location },
];

export const addressTableCommands: readonly Command[] = [
  listCommand({
    name: 'MacTable',
    title: 'Get the MAC Address Table Database',
    help: 'Lists the MAC addresses that the hub has learnt, and behind which session each is.',
    parameters: [onlyOf],
    needsHub: true,
    call: 'EnumMacTable',
    group: 'MacTable',
    view: 'records',
    keep: ofSession,
    columns: [
      id,
      session,
      {
        key: 'vlanId',
        title: 'VLAN ID',
        value: (row) => (row.integer('VlanId') === 0 ? none : integer(row.integer('VlanId'))),
      },
      { key: 'address', title: 'MAC Address', value: (row) => plain(macText(row.bytes('MacAddress'))) },
      ...seen,
    ],
  }),
  actionCommand({
    name: 'MacDelete',
    title: 'Delete MAC Address Table Entry',
    help: 'Forgets a MAC address; the hub learns it again from the next frame.',
    parameters: [entryId('MacTable')],
    needsHub: true,
    call: 'DeleteMacTable',
    params: (args) => ({ Key_u32: args.integer('[id]') }),
  }),
  listCommand({
    name: 'IpTable',
    title: 'Get the IP Address Table Database',
    help: 'Lists the IP addresses that the hub has seen, and behind which session each is.',
    parameters: [onlyOf],
    needsHub: true,
    call: 'EnumIpTable',
    group: 'IpTable',
    view: 'records',
    keep: ofSession,
    columns: [
      id,
      session,
      { key: 'address', title: 'IP Address', value: ipAddress },
      // Whether a DHCP server gave the address; part of the address in text.
      ...seen,
    ],
  }),
  actionCommand({
    name: 'IpDelete',
    title: 'Delete IP Address Table Entry',
    help: 'Forgets an IP address; the hub learns it again from the next packet.',
    parameters: [entryId('IpTable')],
    needsHub: true,
    call: 'DeleteIpTable',
    params: (args) => ({ Key_u32: args.integer('[id]') }),
  }),
];
