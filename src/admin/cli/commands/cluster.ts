import { cell, flag, integer, moment, plain } from '../output/cell.ts';
import type { Fields } from '../fields.ts';
import type { Command } from './command.ts';
import { listCommand, propertiesCommand } from './kinds.ts';
import { portsOf } from './cluster-member.ts';
import { ServerType, serverType } from './words.ts';

const isController = (a: Fields): boolean => a.integer('ServerType') === ServerType.controller;
const isMember = (a: Fields): boolean => a.integer('ServerType') === ServerType.member;
const DEFAULT_WEIGHT = 100;

export const clusterCommands: readonly Command[] = [
  propertiesCommand({
    name: 'ClusterSettingGet',
    title: 'Get Clustering Configuration of Current VPN Server',
    help: 'Shows whether the server stands alone, controls a cluster, or is a member of one.',
    call: 'GetFarmSetting',
    items: [
      { key: 'type', title: 'Current Configuration', value: (a) => serverType(a.integer('ServerType')) },
      {
        key: 'controllerOnly',
        title: 'Controller Function Only',
        value: (a) => flag(a.flag('ControllerOnly')),
        when: isController,
      },
      {
        key: 'weight',
        title: 'Performance Standard in Cluster',
        value: (a) => integer(a.integer('Weight') || DEFAULT_WEIGHT),
        when: (a) => a.integer('ServerType') !== ServerType.standalone,
      },
      {
        key: 'publicAddress',
        title: 'Public IP Address',
        value: (a) => plain(a.address('PublicIp') || '(No setting)'),
        when: isMember,
      },
      {
        key: 'publicPorts',
        title: 'List of Public Ports',
        value: (a) => cell(portsOf(a).join(', '), [...portsOf(a)]),
        when: isMember,
      },
      {
        key: 'controller',
        title: 'Destination Controller',
        value: (a) => plain(`${a.text('ControllerName')}:${a.integer('ControllerPort')}`),
        when: isMember,
      },
    ],
  }),
  listCommand({
    name: 'ClusterMemberList',
    title: 'Get List of Cluster Members',
    help: 'Lists the members of the cluster with their load. Only on the controller.',
    call: 'EnumFarmMember',
    group: 'FarmMemberList',
    view: 'grid',
    columns: [
      { key: 'id', title: 'ID', isRight: true, value: (row) => integer(row.integer('Id')) },
      {
        key: 'type',
        title: 'Type',
        value: (row) => (row.flag('Controller') ? cell('Controller', 'controller') : cell('Member', 'member')),
      },
      { key: 'connectedAt', title: 'Connection Started at', value: (row) => moment(row.timeMs('ConnectedTime')) },
      { key: 'host', title: 'Host Name', value: (row) => plain(row.text('Hostname')) },
      { key: 'points', title: 'Point', isRight: true, value: (row) => integer(row.integer('Point')) },
      {
        key: 'sessions',
        title: 'Number of Sessions',
        isRight: true,
        value: (row) => integer(row.integer('NumSessions')),
      },
      {
        key: 'tcpConnections',
        title: 'Number of TCP Connections',
        isRight: true,
        value: (row) => integer(row.integer('NumTcpConnections')),
      },
      {
        key: 'hubs',
        title: 'Number of Operating Hubs',
        isRight: true,
        value: (row) => integer(row.integer('NumHubs')),
      },
      {
        key: 'clientLicences',
        title: 'Using Client Connection Licenses',
        isRight: true,
        value: (row) => integer(row.integer('AssignedClientLicense')),
      },
      {
        key: 'bridgeLicences',
        title: 'Using Bridge Connection Licenses',
        isRight: true,
        value: (row) => integer(row.integer('AssignedBridgeLicense')),
      },
    ],
  }),
];
