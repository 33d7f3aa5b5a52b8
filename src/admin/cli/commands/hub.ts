import { integer, grouped, none, plain, shortMoment, flag } from '../output/cell.ts';
import type { JsonObject } from '../json-document.ts';
import { hubPasswordHashes } from '../password-hashes.ts';
import { nothingToShow, notEmpty, showText, type Arguments, type Command, type Parameter } from './command.ts';
import { actionCommand, customCommand, listCommand, propertiesCommand, type Item } from './kinds.ts';
import { trafficItems, transferredBytes, transferredPackets } from './traffic.ts';
import { HubType, hubType, onlineOrOffline, ServerType } from './words.ts';

const nameParameter = (help: string, prompt: string): Parameter => ({ name: '[name]', help, prompt, check: notEmpty });

const passwordParameter: Parameter = {
  name: 'PASSWORD',
  help: 'Password of the hub administrator.',
  prompt: 'Password: ',
  isSecret: true,
};

const createHub = (args: Arguments, type: number): JsonObject => ({
  HubName_str: args.text('[name]'),
  HubType_u32: type,
  Online_bool: true,
  ...hubPasswordHashes(args.text('PASSWORD')),
});

const createParameters = [
  nameParameter('The name of the new hub.', 'Name of Virtual Hub to be created: '),
  passwordParameter,
];

const createInCluster = (name: string, kind: 'Dynamic' | 'Static', help: string): Command =>
  actionCommand({
    name,
    title: `Create New ${kind} Virtual Hub (For Clustering)`,
    help,
    parameters: createParameters,
    call: 'CreateHub',
    params: (args) => createHub(args, kind === 'Dynamic' ? HubType.dynamic : HubType.static),
  });

const changeType = (name: string, kind: 'Dynamic' | 'Static'): Command =>
  customCommand({
    name,
    title: `Change Virtual Hub Type to ${kind} Virtual Hub`,
    help: 'Only in a cluster, and only while the hub is offline and has no session.',
    parameters: [nameParameter('The hub to change.', 'Name of Virtual Hub to change setting: ')],
    calls: ['GetHub', 'SetHub'],
    run: async ({ api }, args) => {
      const hub = await api.call('GetHub', { HubName_str: args.text('[name]') });
      await api.call('SetHub', { ...hub.object, HubType_u32: kind === 'Dynamic' ? HubType.dynamic : HubType.static });
      return nothingToShow;
    },
  });

const setOnline = (name: 'Online' | 'Offline', help: string): Command =>
  actionCommand({
    name,
    title: `Switch Virtual Hub to ${name}`,
    help,
    needsHub: true,
    call: 'SetHubOnline',
    params: () => ({ Online_bool: name === 'Online' }),
  });

const hasSessions: NonNullable<Item['when']> = (a) =>
  a.integer('NumSessionsClient') !== 0 || a.integer('NumSessionsBridge') !== 0;

export const hubCommands: readonly Command[] = [
  customCommand({
    name: 'HubCreate',
    title: 'Create New Virtual Hub',
    help: 'Makes a hub: stand-alone, or dynamic on a cluster controller.',
    parameters: createParameters,
    calls: ['GetServerInfo', 'CreateHub'],
    run: async ({ api }, args) => {
      const isController = (await api.call('GetServerInfo')).integer('ServerType') === ServerType.controller;
      await api.call('CreateHub', createHub(args, isController ? HubType.dynamic : HubType.standalone));
      return nothingToShow;
    },
  }),
  createInCluster('HubCreateDynamic', 'Dynamic', 'Makes a hub that runs on one member at a time, while it is in use.'),
  createInCluster('HubCreateStatic', 'Static', 'Makes a hub that runs on every member all the time.'),
  actionCommand({
    name: 'HubDelete',
    title: 'Delete Virtual Hub',
    help: 'Deletes a hub with its users and settings, and disconnects its sessions. It cannot be undone.',
    parameters: [nameParameter('The hub to delete.', 'Name of Virtual Hub to delete: ')],
    call: 'DeleteHub',
    params: (args) => ({ HubName_str: args.text('[name]') }),
  }),
  changeType('HubSetStatic', 'Static'),
  changeType('HubSetDynamic', 'Dynamic'),
  listCommand({
    name: 'HubList',
    title: 'Get List of Virtual Hubs',
    help: 'Lists the hubs with their state, size and traffic.',
    call: 'EnumHub',
    group: 'HubList',
    view: 'records',
    columns: [
      { key: 'name', title: 'Virtual Hub Name', value: (row) => plain(row.text('HubName')) },
      { key: 'online', title: 'Status', value: (row) => onlineOrOffline(row.flag('Online')) },
      { key: 'type', title: 'Type', value: (row) => hubType(row.integer('HubType')) },
      { key: 'users', title: 'Users', value: (row) => integer(row.integer('NumUsers')) },
      { key: 'groups', title: 'Groups', value: (row) => integer(row.integer('NumGroups')) },
      { key: 'sessions', title: 'Sessions', value: (row) => integer(row.integer('NumSessions')) },
      { key: 'macEntries', title: 'MAC Tables', value: (row) => integer(row.integer('NumMacTables')) },
      { key: 'ipEntries', title: 'IP Tables', value: (row) => integer(row.integer('NumIpTables')) },
      { key: 'logins', title: 'Num Logins', value: (row) => integer(row.integer('NumLogin')) },
      { key: 'lastLoginAt', title: 'Last Login', value: (row) => shortMoment(row.timeMs('LastLoginTime')) },
      { key: 'lastUsedAt', title: 'Last Communication', value: (row) => shortMoment(row.timeMs('LastCommTime')) },
      {
        key: 'transferBytes',
        title: 'Transfer Bytes',
        value: (row) => (row.flag('IsTrafficFilled') ? grouped(transferredBytes(row)) : none),
      },
      {
        key: 'transferPackets',
        title: 'Transfer Packets',
        value: (row) => (row.flag('IsTrafficFilled') ? grouped(transferredPackets(row)) : none),
      },
    ],
  }),
  customCommand({
    name: 'Hub',
    title: 'Select Virtual Hub to Manage',
    help: 'Selects the hub that the commands for users, sessions and tables act on; without a name, none.',
    parameters: [{ name: '[name]', help: 'The hub to select.' }],
    calls: ['GetHubStatus'],
    run: async ({ api, selection }, args) => {
      const wanted = args.text('[name]');
      if (wanted === '') {
        const wasSelected = selection.hubName !== undefined;
        selection.hubName = undefined;
        return wasSelected ? showText(['The Virtual Hub selection has been unselected.']) : nothingToShow;
      }
      const hub = await api.call('GetHubStatus', { HubName_str: wanted });
      selection.hubName = hub.text('HubName') || wanted;
      return showText([`The Virtual Hub "${selection.hubName}" has been selected.`], { hub: selection.hubName });
    },
  }),
  setOnline('Online', 'Lets clients log in to the hub again.'),
  setOnline('Offline', 'Disconnects all sessions of the hub and lets nobody log in to it.'),
  propertiesCommand({
    name: 'StatusGet',
    title: 'Get Current Status of Virtual Hub',
    help: 'Shows how many sessions, users and table entries the hub has, and its traffic.',
    needsHub: true,
    call: 'GetHubStatus',
    items: [
      { key: 'name', title: 'Virtual Hub Name', value: (a) => plain(a.text('HubName')) },
      { key: 'online', title: 'Status', value: (a) => onlineOrOffline(a.flag('Online')) },
      { key: 'type', title: 'Type', value: (a) => hubType(a.integer('HubType')) },
      {
        key: 'secureNat',
        title: 'SecureNAT',
        value: (a) => flag(a.flag('SecureNATEnabled'), 'Enabled', 'Disabled'),
        when: (a) => a.integer('HubType') === HubType.standalone,
      },
      { key: 'sessions', title: 'Sessions', value: (a) => integer(a.integer('NumSessions')) },
      {
        key: 'clientSessions',
        title: 'Sessions (Client)',
        value: (a) => integer(a.integer('NumSessionsClient')),
        when: hasSessions,
      },
      {
        key: 'bridgeSessions',
        title: 'Sessions (Bridge)',
        value: (a) => integer(a.integer('NumSessionsBridge')),
        when: hasSessions,
      },
      { key: 'accessRules', title: 'Access Lists', value: (a) => integer(a.integer('NumAccessLists')) },
      { key: 'users', title: 'Users', value: (a) => integer(a.integer('NumUsers')) },
      { key: 'groups', title: 'Groups', value: (a) => integer(a.integer('NumGroups')) },
      { key: 'macEntries', title: 'MAC Tables', value: (a) => integer(a.integer('NumMacTables')) },
      { key: 'ipEntries', title: 'IP Tables', value: (a) => integer(a.integer('NumIpTables')) },
      { key: 'logins', title: 'Num Logins', value: (a) => integer(a.integer('NumLogin')) },
      { key: 'lastLoginAt', title: 'Last Login', value: (a) => shortMoment(a.timeMs('LastLoginTime')) },
      { key: 'lastUsedAt', title: 'Last Communication', value: (a) => shortMoment(a.timeMs('LastCommTime')) },
      { key: 'createdAt', title: 'Created at', value: (a) => shortMoment(a.timeMs('CreatedTime')) },
      ...trafficItems,
    ],
  }),
];
