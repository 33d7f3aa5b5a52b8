import { noTraffic, sumTraffic, type SessionInfo } from '#hub';
import { int, int64, time } from '../schema/field.ts';
import { seesHub, type Caller } from './caller.ts';
import type { AdminContext } from './context.ts';
import { operation } from './operation.ts';
import { trafficFields, trafficOutput } from './structs/traffic.ts';

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
  const hubs = context.directory.hubs().filter((hub) => seesHub(caller, hub.name));
  const instances = hubs.flatMap((hub) => context.host.instance(hub.name) ?? []);
  const sessions = instances.flatMap((instance) => instance.sessions().map((session) => session.info()));
  return { hubs, instances, sessions };
}

/** Built-in sessions and those from the server's own machine take no licence in the original's accounts. */
function takesLicence(session: SessionInfo): boolean {
  return session.kind === 'client' && !/^(127\.|::1$)/.test(session.remoteAddress);
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
      const ofKind = (kind: string): number => hubs.filter((hub) => hub.kind === kind).length;
      const waiting = caller.role === 'server' ? context.server.connections().length : 0;
      const sockets = sessions.reduce((sum, session) => sum + session.tcpConnections, waiting);
      const licensed = sessions.filter(takesLicence);
      const bridges = licensed.filter((session) => session.isBridgeMode).length;
      return {
        ServerType: 0,
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
        ...trafficOutput(hubs.map((hub) => context.host.hubStatistics(hub.name).traffic).reduce(sumTraffic, noTraffic)),
        ...noMemory,
      };
    },
  }),
];
