import { noTraffic, sumTraffic, type SessionInfo } from '#hub';
import { int, int64, time, type ValueOf } from '../schema/field.ts';
import { joined, sumOf, type MemberOutput } from '../cluster/spread.ts';
import { seesHub, type Caller } from './caller.ts';
import type { AdminContext } from './context.ts';
import { operation } from './operation.ts';
import { hubKindHere, serverRole, serverTypeNumber } from './server-role.ts';
import { hubStatisticsOf } from './statistics.ts';
import { sumTrafficOutputs, trafficFields, trafficOutput } from './structs/traffic.ts';

/** MEMINFO: 0 = not told, as by the original on Linux. Memory is among the metrics. */
const memoryFields = {
  TotalMemory: int64(),
  UsedMemory: int64(),
  FreeMemory: int64(),
  TotalPhys: int64(),
  UsedPhys: int64(),
  FreePhys: int64(),
};

const noMemory = { TotalMemory: 0, UsedMemory: 0, FreeMemory: 0, TotalPhys: 0, UsedPhys: 0, FreePhys: 0 };

const statusFields = {
  ServerType: int('0 stand-alone, 1 cluster controller, 2 cluster member'),
  NumHubTotal: int(),
  NumHubStandalone: int(),
  NumHubStatic: int(),
  NumHubDynamic: int(),
  NumSessionsTotal: int(),
  NumSessionsLocal: int(),
  NumSessionsRemote: int(),
  NumTcpConnections: int(),
  NumTcpConnectionsLocal: int(),
  NumTcpConnectionsRemote: int(),
  NumMacTables: int(),
  NumIpTables: int(),
  NumUsers: int(),
  NumGroups: int(),
  CurrentTime: time(),
  CurrentTick: int64('milliseconds, monotonic'),
  AssignedBridgeLicenses: int(),
  AssignedClientLicenses: int(),
  AssignedBridgeLicensesTotal: int(),
  AssignedClientLicensesTotal: int(),
  StartTime: time(),
  ...trafficFields,
  ...memoryFields,
};

/** What a hub administrator gets is counted over the own hub: the others are none of their business. */
function visible(context: AdminContext, caller: Caller) {
  const isMember = serverRole(context) === 'member';
  const hubs = context.directory
    .hubs()
    .filter(({ name }) => seesHub(caller, name) && (!isMember || context.host.instance(name) !== undefined));
  const instances = hubs.flatMap((hub) => context.host.instance(hub.name) ?? []);
  const sessions = instances.flatMap((instance) => instance.sessions().map((session) => session.info()));
  return { hubs, instances, sessions };
}

/** Built-in sessions and those from the server's own machine take no licence in the original's accounts. */
function takesLicence(session: SessionInfo): boolean {
  return session.kind === 'client' && !/^(127\.|::1$)/.test(session.remoteAddress);
}

type Status = ValueOf<typeof statusFields>;

/** "This server" is all its members: its threads. */
function joinedStatus(outputs: readonly MemberOutput<Status>[], isController: boolean): Status {
  const here = outputs.filter(({ isOfThisServer }) => isOfThisServer);
  const own = outputs[0]!.output;
  const sessions = sumOf(outputs, (status) => status.NumSessionsLocal);
  const sessionsHere = sumOf(here, (status) => status.NumSessionsLocal);
  const sockets = sumOf(outputs, (status) => status.NumTcpConnectionsLocal);
  const socketsHere = sumOf(here, (status) => status.NumTcpConnectionsLocal);
  return {
    ...own,
    NumSessionsTotal: sessions,
    NumSessionsLocal: sessionsHere,
    NumSessionsRemote: sessions - sessionsHere,
    NumTcpConnections: sockets,
    NumTcpConnectionsLocal: socketsHere,
    NumTcpConnectionsRemote: sockets - socketsHere,
    NumMacTables: sumOf(outputs, (status) => status.NumMacTables),
    NumIpTables: sumOf(outputs, (status) => status.NumIpTables),
    AssignedBridgeLicenses: sumOf(here, (status) => status.AssignedBridgeLicenses),
    AssignedClientLicenses: sumOf(here, (status) => status.AssignedClientLicenses),
    AssignedBridgeLicensesTotal: sumOf(outputs, (status) => status.AssignedBridgeLicenses),
    AssignedClientLicensesTotal: sumOf(outputs, (status) => status.AssignedClientLicenses),
    // The controller itself has what all members have counted.
    ...(isController ? {} : sumTrafficOutputs(outputs.map(({ output }) => output))),
  };
}

export const serverStatusOperations = [
  operation({
    name: 'GetServerStatus',
    noun: 'server',
    verb: 'status',
    about: 'Counts of hubs, sessions, connections and traffic. For a hub administrator: of the own hub.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: statusFields,
    run: (context, _input, { caller }) => {
      const { hubs, instances, sessions } = visible(context, caller);
      const ofKind = (kind: string): number => hubs.filter((hub) => hubKindHere(context, hub.kind) === kind).length;
      const waiting = caller.role === 'server' ? context.server.connections().length : 0;
      const sockets = sessions.reduce((sum, session) => sum + session.tcpConnections, waiting);
      const licensed = sessions.filter(takesLicence);
      const bridges = licensed.filter((session) => session.isBridgeMode).length;
      return {
        ServerType: serverTypeNumber(context),
        NumHubTotal: hubs.length,
        NumHubStandalone: ofKind('standalone'),
        NumHubStatic: ofKind('static'),
        NumHubDynamic: ofKind('dynamic'),
        NumSessionsTotal: sessions.length,
        NumSessionsLocal: sessions.length,
        NumSessionsRemote: 0,
        NumTcpConnections: sockets,
        NumTcpConnectionsLocal: sockets,
        NumTcpConnectionsRemote: 0,
        NumMacTables: instances.reduce((sum, instance) => sum + instance.macEntryCount, 0),
        NumIpTables: instances.reduce((sum, instance) => sum + instance.ipEntryCount, 0),
        NumUsers: hubs.reduce((sum, hub) => sum + context.directory.userCount(hub.name), 0),
        NumGroups: 0,
        CurrentTime: context.clock.wallMs(),
        CurrentTick: Math.round(context.clock.nowMs()),
        AssignedBridgeLicenses: bridges,
        AssignedClientLicenses: licensed.length - bridges,
        AssignedBridgeLicensesTotal: bridges,
        AssignedClientLicensesTotal: licensed.length - bridges,
        StartTime: context.info.startedAtMs,
        ...trafficOutput(hubs.map((hub) => hubStatisticsOf(context, hub.name).traffic).reduce(sumTraffic, noTraffic)),
        ...noMemory,
      };
    },
    across: joined((outputs, { isController }) => joinedStatus(outputs, isController)),
  }),
];
