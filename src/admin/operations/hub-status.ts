import { ErrorCode } from '#softether';
import { bool, data, int, many, str, time } from '../schema/field.ts';
import { joined, latestOf, sumOf } from '../cluster/spread.ts';
import { hubOperation } from './operation.ts';
import { refuse } from './refusal.ts';
import { hubTypeNumber } from './server-role.ts';
import { hubStatisticsOf } from './statistics.ts';
import { sumTrafficOutputs, trafficFields, trafficOutput } from './structs/traffic.ts';

const nameFields = { HubName: str() };
const messageFields = { HubName: str(), Msg: data('text shown to users at log-in, UTF-8; empty = none') };
/** As the original. */
const MAX_MESSAGE_CHARACTERS = 20_000;
/** PacketLogConfig has this many places, of which eight mean something. */
const PACKET_LOG_KINDS = 16;

const statusFields = {
  HubName: str(),
  Online: bool(),
  HubType: int('0 stand-alone, 1 static, 2 dynamic'),
  NumSessions: int(),
  NumSessionsClient: int(),
  NumSessionsBridge: int(),
  NumAccessLists: int(),
  NumUsers: int(),
  NumGroups: int(),
  NumMacTables: int(),
  NumIpTables: int(),
  SecureNATEnabled: bool(),
  ...trafficFields,
  LastCommTime: time(),
  CreatedTime: time(),
  LastLoginTime: time(),
  NumLogin: int(),
};

export const hubStatusOperations = [
  hubOperation({
    name: 'GetHubStatus',
    noun: 'hub',
    verb: 'status',
    about: 'Counts of sessions, users, table entries and traffic of a Virtual Hub.',
    effect: 'read',
    input: nameFields,
    output: statusFields,
    run: (context, _input, _call, hub) => {
      const instance = context.host.instance(hub.name);
      const statistics = hubStatisticsOf(context, hub.name);
      const sessions = instance?.sessions() ?? [];
      const clients = sessions.filter((session) => session.kind === 'client').map((session) => session.info());
      const bridges = clients.filter((session) => session.isBridgeMode).length;
      return {
        HubName: hub.name,
        Online: hub.isOnline,
        HubType: hubTypeNumber(context, hub.kind),
        NumSessions: sessions.length,
        NumSessionsClient: clients.length - bridges,
        NumSessionsBridge: bridges,
        NumAccessLists: 0,
        NumUsers: context.directory.userCount(hub.name),
        NumGroups: 0,
        NumMacTables: instance?.macEntryCount ?? 0,
        NumIpTables: instance?.ipEntryCount ?? 0,
        SecureNATEnabled: false,
        ...trafficOutput(statistics.traffic),
        LastCommTime: statistics.lastCommunicationAtMs || hub.createdAtMs,
        CreatedTime: hub.createdAtMs,
        LastLoginTime: statistics.lastLoginAtMs || hub.createdAtMs,
        NumLogin: statistics.loginCount,
      };
    },
    across: joined((outputs, { isController }) => ({
      ...outputs[0]!.output,
      NumSessions: sumOf(outputs, (output) => output.NumSessions),
      NumSessionsClient: sumOf(outputs, (output) => output.NumSessionsClient),
      NumSessionsBridge: sumOf(outputs, (output) => output.NumSessionsBridge),
      NumMacTables: sumOf(outputs, (output) => output.NumMacTables),
      NumIpTables: sumOf(outputs, (output) => output.NumIpTables),
      LastCommTime: latestOf(outputs, (output) => output.LastCommTime),
      LastLoginTime: latestOf(outputs, (output) => output.LastLoginTime),
      // The controller itself has what all members have counted.
      ...(isController
        ? {}
        : {
            NumLogin: sumOf(outputs, (output) => output.NumLogin),
            ...sumTrafficOutputs(outputs.map(({ output }) => output)),
          }),
    })),
  }),
  hubOperation({
    name: 'GetHubMsg',
    noun: 'hub',
    verb: 'show-message',
    about: 'The message that users see when they log in.',
    effect: 'read',
    input: nameFields,
    output: messageFields,
    run: (_context, _input, _call, hub) => ({ HubName: hub.name, Msg: Buffer.from(hub.message, 'utf8') }),
  }),
  hubOperation({
    name: 'SetHubMsg',
    noun: 'hub',
    verb: 'set-message',
    about: 'Sets the message that users see when they log in.',
    effect: 'change',
    input: messageFields,
    output: messageFields,
    run: async (context, input, call, hub) => {
      const message = input.Msg.toString('utf8').replace(/\0+$/, '');
      if (message.length > MAX_MESSAGE_CHARACTERS) {
        return refuse(ErrorCode.MEMORY_NOT_ENOUGH, `the message is longer than ${MAX_MESSAGE_CHARACTERS} characters`);
      }
      await context.directory.updateHub(hub.name, (current) => ({ ...current, message }));
      call.changed(`hub ${hub.name}`, { message: hub.message }, { message });
      return input;
    },
  }),
  hubOperation({
    name: 'GetHubLog',
    noun: 'hub',
    verb: 'show-log-settings',
    about: "What a Virtual Hub writes to log files of its own: nothing. The server's log has the log-ins.",
    effect: 'read',
    input: nameFields,
    output: {
      HubName: str(),
      SaveSecurityLog: bool(),
      SecurityLogSwitchType: int('0 never, 1 every second, 2 minute, 3 hour, 4 day, 5 month'),
      SavePacketLog: bool(),
      PacketLogSwitchType: int(),
      PacketLogConfig: many(int('per kind of packet: 0 nothing, 1 headers, 2 all')),
    },
    run: (_context, _input, _call, hub) => ({
      HubName: hub.name,
      SaveSecurityLog: false,
      SecurityLogSwitchType: 0,
      SavePacketLog: false,
      PacketLogSwitchType: 0,
      PacketLogConfig: new Array<number>(PACKET_LOG_KINDS).fill(0),
    }),
  }),
  hubOperation({
    name: 'GetHubRadius',
    noun: 'hub',
    verb: 'show-radius',
    about: 'The RADIUS server of a Virtual Hub: none can be set yet.',
    effect: 'read',
    input: nameFields,
    output: {
      RadiusServerName: str(),
      RadiusPort: int(),
      HubName: str(),
      RadiusSecret: str(),
      RadiusRetryInterval: int(),
    },
    run: (_context, _input, _call, hub) => ({
      RadiusServerName: '',
      RadiusPort: 0,
      HubName: hub.name,
      RadiusSecret: '',
      RadiusRetryInterval: 0,
    }),
  }),
];
