import type { SessionInfo, SessionKind } from '#hub';
import { ErrorCode } from '#softether';
import { bool, data, int, int64, ip, list, str, time } from '../schema/field.ts';
import { joined, whereItLives } from '../cluster/spread.ts';
import { hubOperation } from './operation.ts';
import { refuse, type Refusal } from './refusal.ts';
import { nameHere } from './server-role.ts';
import { sessionStatusFields, sessionStatusOutput } from './session-status.ts';
import type { AdminContext } from './context.ts';

const nameFields = { HubName: str(), Name: str('SID-…') };
const NO_UNIQUE_ID = Buffer.alloc(16);

const sessionColumns = {
  Name: str(),
  Username: str(),
  Ip: ip(),
  ClientIP: ip(),
  Hostname: str(),
  MaxNumTcp: int(),
  CurrentNumTcp: int(),
  PacketSize: int64('bytes of all frames, both ways'),
  PacketNum: int64('frames, both ways'),
  RemoteSession: bool('on another member of the cluster'),
  RemoteHostname: str(),
  LinkMode: bool(),
  SecureNATMode: bool(),
  BridgeMode: bool(),
  Layer3Mode: bool(),
  Client_BridgeMode: bool(),
  Client_MonitorMode: bool(),
  VLanId: int(),
  UniqueId: data('16 bytes that the client made up for its machine'),
  IsDormantEnabled: bool(),
  IsDormant: bool(),
  LastCommDormant: time(),
  CreatedTime: time(),
  LastCommTime: time(),
};

/** Sessions that this server made itself cannot be disconnected: what made them has to be deleted. */
const builtInRefusals: { readonly [K in SessionKind]: number | undefined } = {
  client: undefined,
  cascade: ErrorCode.LINK_CANT_DISCONNECT,
  secureNat: ErrorCode.SNAT_CANT_DISCONNECT,
  localBridge: ErrorCode.BRIDGE_CANT_DISCONNECT,
  layer3: ErrorCode.LAYER3_CANT_DISCONNECT,
};

function sessionRow(session: SessionInfo, serverName: string) {
  const { traffic } = session;
  const isBuiltIn = session.kind !== 'client';
  return {
    Name: session.name,
    Username: session.userName,
    Ip: session.remoteAddress,
    ClientIP: session.remoteAddress,
    Hostname: session.remoteHostname,
    MaxNumTcp: session.maxTcpConnections,
    CurrentNumTcp: session.tcpConnections,
    PacketSize:
      traffic.recvBroadcastBytes + traffic.recvUnicastBytes + traffic.sendBroadcastBytes + traffic.sendUnicastBytes,
    PacketNum:
      traffic.recvBroadcastCount + traffic.recvUnicastCount + traffic.sendBroadcastCount + traffic.sendUnicastCount,
    RemoteSession: false,
    RemoteHostname: serverName,
    LinkMode: session.kind === 'cascade',
    SecureNATMode: session.kind === 'secureNat',
    BridgeMode: session.kind === 'localBridge',
    Layer3Mode: session.kind === 'layer3',
    Client_BridgeMode: isBuiltIn || session.isBridgeMode,
    Client_MonitorMode: session.isMonitorMode,
    VLanId: session.vlanId,
    UniqueId: session.nodeInfo?.uniqueId ?? NO_UNIQUE_ID,
    IsDormantEnabled: false,
    IsDormant: false,
    LastCommDormant: 0,
    CreatedTime: session.startedAtMs,
    LastCommTime: session.lastCommunicationAtMs,
  };
}

function findSession(context: AdminContext, hubName: string, name: string) {
  return context.host.instance(hubName)?.session(name);
}

function notFound(name: string): Refusal {
  return name === ''
    ? refuse(ErrorCode.INVALID_PARAMETER, 'Name must name a session')
    : refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no session "${name}"`);
}

export const sessionOperations = [
  hubOperation({
    name: 'EnumSession',
    noun: 'session',
    verb: 'list',
    about: 'The sessions of a Virtual Hub; in a cluster, those on all members.',
    effect: 'read',
    input: { HubName: str() },
    output: { HubName: str(), SessionList: list(sessionColumns) },
    run: (context, _input, _call, hub) => {
      const sessions = context.host.instance(hub.name)?.sessions() ?? [];
      return {
        HubName: hub.name,
        SessionList: sessions.map((session) => sessionRow(session.info(), nameHere(context))),
      };
    },
    across: joined((outputs) => ({
      HubName: outputs[0]!.output.HubName,
      SessionList: outputs.flatMap(({ name, isOfThisServer, output }) =>
        output.SessionList.map((row) => ({ ...row, RemoteSession: !isOfThisServer, RemoteHostname: name })),
      ),
    })),
  }),
  hubOperation({
    name: 'GetSessionStatus',
    noun: 'session',
    verb: 'show',
    about: 'One session: connection, policy, traffic, and what the client says of itself.',
    effect: 'read',
    input: nameFields,
    output: sessionStatusFields,
    run: (context, input, _call, hub) => {
      const session = findSession(context, hub.name, input.Name);
      return session === undefined ? notFound(input.Name) : sessionStatusOutput(hub.name, session.info(), context.info);
    },
    across: whereItLives(),
  }),
  hubOperation({
    name: 'DeleteSession',
    noun: 'session',
    verb: 'disconnect',
    about: 'Ends a session. Built-in ones (local bridge and so on) cannot be ended this way.',
    effect: 'change',
    input: nameFields,
    output: nameFields,
    run: (context, input, call, hub) => {
      const session = findSession(context, hub.name, input.Name);
      if (session === undefined) return notFound(input.Name);
      const refusal = builtInRefusals[session.kind];
      if (refusal !== undefined) return refuse(refusal);
      const { userName, remoteAddress } = session.info();
      session.disconnect('administrator');
      call.changed(`session ${session.name} of hub ${hub.name}`, { userName, remoteAddress }, undefined);
      return input;
    },
    across: whereItLives((input) => `session ${input.Name} of hub ${input.HubName}`),
  }),
];
