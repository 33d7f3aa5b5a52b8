import type { HubRecord } from '#hub';
import { ErrorCode } from '#softether';
import { bool, int, list, str, time } from '../schema/field.ts';
import { seesHub } from './caller.ts';
import type { AdminContext } from './context.ts';
import { givenPassword, hubFields, hubOutput, hubPassword, hubTypeNumbers, type HubInput } from './hub-fields.ts';
import { hubOperation, operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { trafficColumns, trafficRow } from './structs/traffic.ts';

const nameFields = { HubName: str() };
const onlineFields = { HubName: str(), Online: bool() };

/** SoftEther keeps such names for itself; the rest of the rules is the directory's. */
function isReservedName(name: string): boolean {
  return name === '' || name.startsWith('.') || name.endsWith('.');
}

const badPassword = (): Refusal =>
  refuse(ErrorCode.INVALID_PARAMETER, 'HashedPassword and SecurePassword must have 20 bytes each');

function hubRow(context: AdminContext, hub: HubRecord) {
  const instance = context.host.instance(hub.name);
  const statistics = context.host.hubStatistics(hub.name);
  return {
    HubName: hub.name,
    Online: hub.isOnline,
    HubType: hubTypeNumbers[hub.kind],
    NumSessions: instance?.sessionCount ?? 0,
    NumUsers: context.directory.userCount(hub.name),
    NumGroups: 0,
    NumMacTables: instance?.macEntryCount ?? 0,
    NumIpTables: instance?.ipEntryCount ?? 0,
    LastCommTime: statistics.lastCommunicationAtMs || hub.createdAtMs,
    CreatedTime: hub.createdAtMs,
    LastLoginTime: statistics.lastLoginAtMs || hub.createdAtMs,
    NumLogin: statistics.loginCount,
    IsTrafficFilled: true,
    ...trafficRow(statistics.traffic),
  };
}

/** What SetHub changes. What the input leaves out stays. */
function hubChanges(hub: HubRecord, input: HubInput): Partial<HubRecord> | Refusal {
  const password = givenPassword(input);
  if (password === 'bad') return badPassword();
  if (input.HubType !== undefined && input.HubType !== hubTypeNumbers[hub.kind]) {
    return refuse(
      ErrorCode.INVALID_PARAMETER,
      `HubType ${input.HubType}: a stand-alone server has hubs of type 0 only`,
    );
  }
  return {
    ...password,
    ...(input.Online === undefined ? {} : { isOnline: input.Online }),
    ...(input.MaxSession === undefined ? {} : { maxSessions: input.MaxSession }),
    ...(input.NoEnum === undefined ? {} : { isHiddenFromEnum: input.NoEnum }),
  };
}

export const hubOperations = [
  operation({
    name: 'CreateHub',
    noun: 'hub',
    verb: 'create',
    about: 'Makes a Virtual Hub.',
    role: 'server',
    effect: 'change',
    input: hubFields,
    output: hubFields,
    run: async (context, input, call) => {
      if (isReservedName(input.HubName)) {
        return refuse(ErrorCode.INVALID_PARAMETER, `"${input.HubName}" cannot be the name of a Virtual Hub`);
      }
      if ((input.HubType ?? 0) !== hubTypeNumbers.standalone) {
        return refuse(
          ErrorCode.INVALID_PARAMETER,
          `HubType ${input.HubType ?? 0}: a stand-alone server has type 0 only`,
        );
      }
      const password = givenPassword(input) ?? hubPassword('');
      if (password === 'bad') return badPassword();
      const hub: HubRecord = {
        name: input.HubName,
        kind: 'standalone',
        isOnline: input.Online ?? false,
        maxSessions: input.MaxSession ?? 0,
        isHiddenFromEnum: input.NoEnum ?? false,
        ...password,
        message: '',
        createdAtMs: context.clock.wallMs(),
      };
      await context.directory.createHub(hub);
      call.changed(`hub ${hub.name}`, undefined, hub);
      return hubOutput(hub);
    },
  }),
  hubOperation({
    name: 'SetHub',
    noun: 'hub',
    verb: 'set',
    about: 'Changes a Virtual Hub: password, limit of sessions, online or offline, hidden or listed.',
    effect: 'change',
    input: hubFields,
    output: hubFields,
    run: async (context, input, call, hub) => {
      const changes = hubChanges(hub, input);
      if (changes instanceof Refusal) return changes;
      const after = await context.directory.updateHub(hub.name, (current) => ({ ...current, ...changes }));
      call.changed(`hub ${hub.name}`, hub, after);
      return hubOutput(after);
    },
  }),
  hubOperation({
    name: 'GetHub',
    noun: 'hub',
    verb: 'show',
    about: 'The settings of a Virtual Hub. Zeros stand for the hashes of its password.',
    effect: 'read',
    input: nameFields,
    output: hubFields,
    run: (_context, _input, _call, hub) => hubOutput(hub),
  }),
  operation({
    name: 'EnumHub',
    noun: 'hub',
    verb: 'list',
    about: 'The Virtual Hubs of the server; for a hub administrator the own one.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {
      HubList: list({
        HubName: str(),
        Online: bool(),
        HubType: int(),
        NumSessions: int(),
        NumUsers: int(),
        NumGroups: int(),
        NumMacTables: int(),
        NumIpTables: int(),
        LastCommTime: time(),
        CreatedTime: time(),
        LastLoginTime: time(),
        NumLogin: int(),
        IsTrafficFilled: bool(),
        ...trafficColumns,
      }),
    },
    run: (context, _input, { caller }) => ({
      HubList: context.directory
        .hubs()
        .filter((hub) => seesHub(caller, hub.name))
        .map((hub) => hubRow(context, hub)),
    }),
  }),
  operation({
    name: 'DeleteHub',
    noun: 'hub',
    verb: 'delete',
    about: 'Deletes a Virtual Hub with its users; its sessions end.',
    role: 'server',
    effect: 'change',
    input: nameFields,
    output: nameFields,
    run: async (context, input, call) => {
      const before = context.directory.hub(input.HubName);
      if (input.HubName === '') return refuse(ErrorCode.INVALID_PARAMETER, 'HubName must name a Virtual Hub');
      await context.directory.deleteHub(input.HubName);
      call.changed(`hub ${before?.name ?? input.HubName}`, before, undefined);
      return input;
    },
  }),
  hubOperation({
    name: 'SetHubOnline',
    noun: 'hub',
    verb: 'set-online',
    about: 'Brings a Virtual Hub online, or takes it offline, which ends its sessions.',
    effect: 'change',
    input: onlineFields,
    output: onlineFields,
    run: async (context, input, call, hub) => {
      await context.directory.updateHub(hub.name, (current) => ({ ...current, isOnline: input.Online }));
      call.changed(`hub ${hub.name}`, { isOnline: hub.isOnline }, { isOnline: input.Online });
      return input;
    },
  }),
];
