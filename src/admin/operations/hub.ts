import { hubKeyOf, type HubKind, type HubRecord } from '#hub';
import { ErrorCode } from '#softether';
import { joined, type MemberOutput } from '../cluster/spread.ts';
import { bool, int, list, str, time, type ValueOf } from '../schema/field.ts';
import { seesHub } from './caller.ts';
import type { AdminContext } from './context.ts';
import { givenPassword, hubFields, hubOutput, hubPassword, hubTypeNumbers, type HubInput } from './hub-fields.ts';
import { hubOperation, operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { hubTypeNumber, serverRole } from './server-role.ts';
import { hubStatisticsOf } from './statistics.ts';
import { sumTrafficRows, trafficColumns, trafficRow } from './structs/traffic.ts';

const nameFields = { HubName: str() };
const onlineFields = { HubName: str(), Online: bool() };

/** SoftEther keeps such names for itself; the rest of the rules is the directory's. */
function isReservedName(name: string): boolean {
  return name === '' || name.startsWith('.') || name.endsWith('.');
}

const badPassword = (): Refusal =>
  refuse(ErrorCode.INVALID_PARAMETER, 'HashedPassword and SecurePassword must have 20 bytes each');

const hubColumns = {
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
};

type HubRow = ValueOf<typeof hubColumns>;

function hubRow(context: AdminContext, hub: HubRecord): HubRow {
  const instance = context.host.instance(hub.name);
  const statistics = hubStatisticsOf(context, hub.name);
  return {
    HubName: hub.name,
    Online: hub.isOnline,
    HubType: hubTypeNumber(context, hub.kind),
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

/** A hub that runs on several members, as one row. */
function joinedRow(rows: readonly HubRow[], isController: boolean): HubRow {
  const [first] = rows as [HubRow, ...HubRow[]];
  const sum = (figure: (row: HubRow) => number): number => rows.reduce((total, row) => total + figure(row), 0);
  const latest = (time: (row: HubRow) => number): number => Math.max(...rows.map(time));
  return {
    ...first,
    NumSessions: sum((row) => row.NumSessions),
    NumMacTables: sum((row) => row.NumMacTables),
    NumIpTables: sum((row) => row.NumIpTables),
    LastCommTime: latest((row) => row.LastCommTime),
    LastLoginTime: latest((row) => row.LastLoginTime),
    // The controller's own row has what all members have counted.
    ...(isController ? {} : { NumLogin: sum((row) => row.NumLogin), ...sumTrafficRows(rows) }),
  };
}

function joinedRows(outputs: readonly MemberOutput<{ HubList: readonly HubRow[] }>[], isController: boolean): HubRow[] {
  const byHub = new Map<string, HubRow[]>();
  for (const row of outputs.flatMap(({ output }) => output.HubList)) {
    const rows = byHub.get(hubKeyOf(row.HubName));
    if (rows === undefined) byHub.set(hubKeyOf(row.HubName), [row]);
    else rows.push(row);
  }
  return [...byHub.values()].map((rows) => joinedRow(rows, isController));
}

/** What is listed: all hubs, and at a member those that run there. */
function listedHubs(context: AdminContext): readonly HubRecord[] {
  const hubs = context.directory.hubs();
  return serverRole(context) === 'member' ? hubs.filter(({ name }) => context.host.instance(name) !== undefined) : hubs;
}

/** The kind of hub that a type number asks for; absent = as it is, or what this server makes by itself. */
function askedKind(context: AdminContext, hubType: number | undefined, otherwise: HubKind): HubKind | Refusal {
  const isClustered = serverRole(context) !== 'standalone';
  if (!isClustered && (hubType ?? 0) === hubTypeNumbers.standalone) return otherwise;
  if (!isClustered) {
    return refuse(ErrorCode.INVALID_PARAMETER, `HubType ${hubType}: a stand-alone server has hubs of type 0 only`);
  }
  if (hubType === undefined) return otherwise;
  if (hubType === hubTypeNumbers.static) return 'static';
  if (hubType === hubTypeNumbers.dynamic) return 'dynamic';
  return refuse(ErrorCode.INVALID_PARAMETER, `HubType ${hubType}: a hub of a cluster is static (1) or dynamic (2)`);
}

/** What SetHub changes. What the input leaves out stays. */
function hubChanges(context: AdminContext, hub: HubRecord, input: HubInput): Partial<HubRecord> | Refusal {
  const password = givenPassword(input);
  if (password === 'bad') return badPassword();
  const isSameType = input.HubType === hubTypeNumber(context, hub.kind);
  const kind = isSameType ? hub.kind : askedKind(context, input.HubType, hub.kind);
  if (kind instanceof Refusal) return kind;
  return {
    ...password,
    kind,
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
    about: 'Makes a Virtual Hub; in a cluster, at its controller, a dynamic one unless a static one is asked for.',
    role: 'server',
    effect: 'change',
    input: hubFields,
    output: hubFields,
    run: async (context, input, call) => {
      if (isReservedName(input.HubName)) {
        return refuse(ErrorCode.INVALID_PARAMETER, `"${input.HubName}" cannot be the name of a Virtual Hub`);
      }
      const kind = askedKind(context, input.HubType, serverRole(context) === 'standalone' ? 'standalone' : 'dynamic');
      if (kind instanceof Refusal) return kind;
      const password = givenPassword(input) ?? hubPassword('');
      if (password === 'bad') return badPassword();
      const hub: HubRecord = {
        name: input.HubName,
        kind,
        isOnline: input.Online ?? false,
        maxSessions: input.MaxSession ?? 0,
        isHiddenFromEnum: input.NoEnum ?? false,
        ...password,
        message: '',
        createdAtMs: context.clock.wallMs(),
      };
      await context.directory.createHub(hub);
      call.changed(`hub ${hub.name}`, undefined, hub);
      return hubOutput(hub, hubTypeNumber(context, hub.kind));
    },
  }),
  hubOperation({
    name: 'SetHub',
    noun: 'hub',
    verb: 'set',
    about:
      'Changes a Virtual Hub: password, limit of sessions, online or offline, hidden or listed; in a cluster also ' +
      'whether it is static or dynamic, while it is offline.',
    effect: 'change',
    input: hubFields,
    output: hubFields,
    run: async (context, input, call, hub) => {
      const changes = hubChanges(context, hub, input);
      if (changes instanceof Refusal) return changes;
      const after = await context.directory.updateHub(hub.name, (current) => ({ ...current, ...changes }));
      call.changed(`hub ${hub.name}`, hub, after);
      return hubOutput(after, hubTypeNumber(context, after.kind));
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
    run: (context, _input, _call, hub) => hubOutput(hub, hubTypeNumber(context, hub.kind)),
  }),
  operation({
    name: 'EnumHub',
    noun: 'hub',
    verb: 'list',
    about: 'The Virtual Hubs; for a hub administrator the own one, at a member of a cluster those that run there.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { HubList: list(hubColumns) },
    run: (context, _input, { caller }) => ({
      HubList: listedHubs(context)
        .filter((hub) => seesHub(caller, hub.name))
        .map((hub) => hubRow(context, hub)),
    }),
    across: joined((outputs, { isController }) => ({ HubList: joinedRows(outputs, isController) })),
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
