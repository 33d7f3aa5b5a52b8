import { cell, type Cell } from '../output/cell.ts';
import type { Fields } from '../fields.ts';
import { parseInteger, type Command, type Parameter } from './command.ts';
import { actionCommand, listCommand } from './kinds.ts';

const isPort = (value: string): string | undefined => {
  const port = parseInteger(value);
  return port >= 1 && port <= 65535
    ? undefined
    : 'Port number is invalid. Specify a port number that is within the range of 1 to 65535.';
};

const portParameter = (help: string, prompt: string): Parameter => ({ name: '[port]', help, prompt, check: isPort });

function status(row: Fields): Cell {
  if (row.flag('Errors')) return cell('Error', 'error');
  return row.flag('Enables') ? cell('Listening', 'listening') : cell('Stopped', 'stopped');
}

export const listenerCommands: readonly Command[] = [
  actionCommand({
    name: 'ListenerCreate',
    title: 'Create New TCP Listener',
    help: 'Opens a TCP port for clients and administrators. A port that cannot be opened is kept, shown as in error.',
    parameters: [portParameter('The port to listen on.', 'Port number of newly added TCP/IP Listener: ')],
    call: 'CreateListener',
    params: (args) => ({ Port_u32: args.integer('[port]'), Enable_bool: true }),
  }),
  actionCommand({
    name: 'ListenerDelete',
    title: 'Delete TCP Listener',
    help: 'Closes a TCP port and forgets it. Connections that came in through it go on.',
    parameters: [portParameter('The port to close.', 'Port number of TCP/IP Listener: ')],
    call: 'DeleteListener',
    params: (args) => ({ Port_u32: args.integer('[port]'), Enable_bool: true }),
  }),
  listCommand({
    name: 'ListenerList',
    title: 'Get List of TCP Listeners',
    help: 'Lists the TCP ports of the server and whether each is listened on.',
    call: 'EnumListener',
    group: 'ListenerList',
    view: 'grid',
    columns: [
      { key: 'port', title: 'Port Number', value: (row) => cell(`TCP ${row.integer('Ports')}`, row.integer('Ports')) },
      { key: 'status', title: 'Status', value: status },
    ],
  }),
  actionCommand({
    name: 'ListenerEnable',
    title: 'Begin TCP Listener Operation',
    help: 'Listens again on a port that was stopped.',
    parameters: [portParameter('The port to listen on.', 'Port number of TCP/IP Listener to start: ')],
    call: 'EnableListener',
    params: (args) => ({ Port_u32: args.integer('[port]'), Enable_bool: true }),
  }),
  actionCommand({
    name: 'ListenerDisable',
    title: 'Stop TCP Listener Operation',
    help: 'Closes a port but keeps it in the list, so that it can be opened again.',
    parameters: [portParameter('The port to stop.', 'Port number of TCP/IP Listener to stop: ')],
    call: 'EnableListener',
    params: (args) => ({ Port_u32: args.integer('[port]'), Enable_bool: false }),
  }),
];
