import { sha0 } from '#base';
import type { Fields } from '../fields.ts';
import { bytes, cell, integer, moment, plain, rfc3339 } from '../output/cell.ts';
import { dateWithMs } from '../output/format.ts';
import type { Command } from './command.ts';
import { actionCommand, propertiesCommand, type Item } from './kinds.ts';
import { trafficItems } from './traffic.ts';
import { ServerType, serverType } from './words.ts';

const isController = (a: Fields): boolean => a.integer('ServerType') === ServerType.controller;
const isInCluster = (a: Fields): boolean => a.integer('ServerType') !== ServerType.standalone;
const knowsMemory = (a: Fields): boolean => a.count('TotalMemory') !== 0;

const number = (key: string, title: string, field: string, when?: Item['when']): Item => ({
  key,
  title,
  value: (a) => integer(a.integer(field)),
  ...(when === undefined ? {} : { when }),
});

const memory = (key: string, title: string, field: string): Item => ({
  key,
  title,
  value: (a) => bytes(a.count(field)),
  when: knowsMemory,
});

const text = (key: string, title: string, field: string): Item => ({ key, title, value: (a) => plain(a.text(field)) });

const infoItems: readonly Item[] = [
  text('product', 'Product Name', 'ServerProductName'),
  text('version', 'Version', 'ServerVersionString'),
  text('build', 'Build', 'ServerBuildInfoString'),
  text('hostName', 'Host Name', 'ServerHostName'),
  { key: 'type', title: 'Server Type', value: (a) => serverType(a.integer('ServerType')) },
  text('osType', 'Type of Operating System', 'OsSystemName'),
  text('osProduct', 'Product Name of Operating System', 'OsProductName'),
  {
    key: 'osServicePack',
    title: 'Service Pack',
    value: (a) => cell(`Service Pack ${a.integer('OsServicePack')}`, a.integer('OsServicePack')),
    when: (a) => a.integer('OsServicePack') !== 0,
  },
  text('osVendor', 'Operating System Vendor', 'OsVendorName'),
  text('osVersion', 'Operating System Version', 'OsVersion'),
  text('kernelType', 'Type of OS Kernel', 'KernelName'),
  text('kernelVersion', 'Version of OS Kernel', 'KernelVersion'),
];

const statusItems: readonly Item[] = [
  { key: 'type', title: 'Server Type', value: (a) => serverType(a.integer('ServerType')) },
  number('sockets', 'Number of Active Sockets', 'NumTcpConnections'),
  number('socketsHere', 'Number of Active Sockets (This Server)', 'NumTcpConnectionsLocal', isController),
  number(
    'socketsElsewhere',
    'Number of Active Sockets (Other Member Servers)',
    'NumTcpConnectionsRemote',
    isController,
  ),
  number('hubs', 'Number of Virtual Hubs', 'NumHubTotal'),
  number('staticHubs', 'Number of Static Virtual Hubs', 'NumHubStatic', isInCluster),
  number('dynamicHubs', 'Number of Dynamic Virtual Hubs', 'NumHubDynamic', isInCluster),
  number('sessions', 'Number of Sessions', 'NumSessionsTotal'),
  number('sessionsHere', 'Number of Sessions (This Server)', 'NumSessionsLocal', isController),
  number('sessionsElsewhere', 'Number of Sessions (Other Member Servers)', 'NumSessionsRemote', isController),
  number('macEntries', 'Number of MAC Address Tables', 'NumMacTables'),
  number('ipEntries', 'Number of IP Address Tables', 'NumIpTables'),
  number('users', 'Number of Users', 'NumUsers'),
  number('groups', 'Number of Groups', 'NumGroups'),
  number('clientLicences', 'Using Client Connection Licenses (This Server)', 'AssignedClientLicenses'),
  number('bridgeLicences', 'Using Bridge Connection Licenses (This Server)', 'AssignedBridgeLicenses'),
  number(
    'clientLicencesTotal',
    'Using Client Connection Licenses (Entire Cluster)',
    'AssignedClientLicensesTotal',
    isController,
  ),
  number(
    'bridgeLicencesTotal',
    'Using Bridge Connection Licenses (Entire Cluster)',
    'AssignedBridgeLicensesTotal',
    isController,
  ),
  ...trafficItems,
  { key: 'startedAt', title: 'Server Started at', value: (a) => moment(a.timeMs('StartTime')) },
  {
    key: 'now',
    title: 'Current Time',
    value: (a) => cell(dateWithMs(a.timeMs('CurrentTime')), rfc3339(a.timeMs('CurrentTime'))),
  },
  {
    key: 'tickMs',
    title: '64 bit High-Precision Logical System Clock',
    value: (a) => cell(String(a.count('CurrentTick')), a.count('CurrentTick')),
  },
  memory('totalMemoryBytes', 'Total Logical Memory Size', 'TotalMemory'),
  memory('usedMemoryBytes', 'Used Logical Memory Size', 'UsedMemory'),
  memory('freeMemoryBytes', 'Free Logical Memory Size', 'FreeMemory'),
  memory('totalPhysicalBytes', 'Total Physical Memory Size', 'TotalPhys'),
  memory('usedPhysicalBytes', 'Used Physical Memory Size', 'UsedPhys'),
  memory('freePhysicalBytes', 'Free Physical Memory Size', 'FreePhys'),
];

export const serverCommands: readonly Command[] = [
  propertiesCommand({
    name: 'ServerInfoGet',
    title: 'Get server information',
    help: 'Shows the product, its version, and the operating system that the server runs on.',
    call: 'GetServerInfo',
    items: infoItems,
  }),
  propertiesCommand({
    name: 'ServerStatusGet',
    title: 'Get Current Server Status',
    help: 'Shows how many sessions, hubs, users and table entries the server has, its traffic, and its memory.',
    call: 'GetServerStatus',
    items: statusItems,
  }),
  actionCommand({
    name: 'ServerPasswordSet',
    title: 'Set VPN Server Administrator Password',
    help: 'Sets the password of the server administrator. Connections that are open stay open.',
    parameters: [{ name: '[password]', help: 'The new password.', prompt: 'Password: ', isSecret: true }],
    call: 'SetServerPassword',
    params: (args) => ({ HashedPassword_bin: sha0(args.text('[password]')).toString('base64') }),
  }),
];
