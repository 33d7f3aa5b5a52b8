import { ErrorCode } from '#softether';
import { keyedRows } from '../cluster/row-keys.ts';
import type { Question } from '../cluster/other-members.ts';
import { joined, type MemberOutput } from '../cluster/spread.ts';
import { bool, data, int, ip, list, str, time, type Fields, type ValueOf } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { hubOperation, type Across } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { nameHere } from './server-role.ts';

const nameFields = { HubName: str() };
const keyFields = { HubName: str(), Key: int('from the list') };

const macTableFields = {
  HubName: str(),
  MacTable: list({
    Key: int('names the entry, for DeleteMacTable'),
    SessionName: str(),
    MacAddress: data('6 bytes'),
    VlanId: int(),
    CreatedTime: time(),
    UpdatedTime: time('last use'),
    RemoteItem: bool('on another member of the cluster'),
    RemoteHostname: str(),
  }),
};

const ipTableFields = {
  HubName: str(),
  IpTable: list({
    Key: int('names the entry, for DeleteIpTable'),
    SessionName: str(),
    Ip: ip('IPv4 only; 0.0.0.0 for an IPv6 address'),
    IpV6: ip('the address, of either kind'),
    IpAddress: ip('the same again'),
    DhcpAllocated: bool(),
    CreatedTime: time(),
    UpdatedTime: time('last use'),
    RemoteItem: bool('on another member of the cluster'),
    RemoteHostname: str(),
  }),
};

const isIpv4 = (address: string): boolean => !address.includes(':');

function macTable(context: AdminContext, hubName: string): ValueOf<typeof macTableFields> {
  const entries = context.host.instance(hubName)?.macEntries() ?? [];
  const here = { RemoteItem: false, RemoteHostname: nameHere(context) };
  const rows = entries.map((entry) => ({
    Key: entry.key,
    SessionName: entry.sessionName,
    MacAddress: entry.macAddress,
    VlanId: entry.vlanId,
    CreatedTime: entry.createdAtMs,
    UpdatedTime: entry.updatedAtMs,
    ...here,
  }));
  return { HubName: hubName, MacTable: rows };
}

function ipTable(context: AdminContext, hubName: string): ValueOf<typeof ipTableFields> {
  const entries = context.host.instance(hubName)?.ipEntries() ?? [];
  const here = { RemoteItem: false, RemoteHostname: nameHere(context) };
  const rows = entries.map((entry) => ({
    Key: entry.key,
    SessionName: entry.sessionName,
    Ip: isIpv4(entry.address) ? entry.address : '',
    IpV6: entry.address,
    IpAddress: entry.address,
    DhcpAllocated: entry.isDhcpAllocated,
    CreatedTime: entry.createdAtMs,
    UpdatedTime: entry.updatedAtMs,
    ...here,
  }));
  return { HubName: hubName, IpTable: rows };
}

interface Row {
  readonly Key: number;
  readonly RemoteItem: boolean;
  readonly RemoteHostname: string;
}

/** The rows of all members, with keys that are unique among them, each marked with its member. */
function joinedRows<O, R extends Row>(outputs: readonly MemberOutput<O>[], rowsOf: (output: O) => readonly R[]): R[] {
  const byMember = new Map(outputs.map((output) => [output.member, output]));
  const tables = outputs.map(({ member, output }) => ({ member, rows: rowsOf(output) }));
  return keyedRows(tables).map(({ member, key, row }) => {
    const { name, isOfThisServer } = byMember.get(member)!;
    return { ...row, Key: key, RemoteItem: !isOfThisServer, RemoteHostname: name };
  });
}

/** Finds the member whose row has this key in the list of all members, and has it deleted there. */
function deleteWhereItIs<T extends Fields>(
  question: Question<typeof nameFields, T>,
  own: (context: AdminContext, hubName: string) => ValueOf<T>,
  rowsOf: (table: ValueOf<T>) => readonly Row[],
): Across<typeof keyFields, typeof keyFields> {
  return async (asked) => {
    const { operation, input, call, context, others } = asked;
    if (context.directory.hub(input.HubName) === undefined) return asked.own();
    const answers = await others.ask(question, { HubName: input.HubName }, { isFresh: true });
    const tables = answers.flatMap(({ member, answer }) =>
      answer instanceof Refusal ? [] : [{ member, rows: rowsOf(answer) }],
    );
    tables.unshift({ member: others.self, rows: rowsOf(own(context, input.HubName)) });
    const found = keyedRows(tables).find(({ key }) => key === input.Key);
    if (found === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no entry ${input.Key}`);
    const there = { ...input, Key: found.row.Key };
    if (found.member === others.self) return asked.own(there);
    const answer = await others.askOne(found.member, operation, there);
    if (answer === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, `member ${found.member} does not answer`);
    if (answer instanceof Refusal) return answer;
    call.changed(`address entry ${input.Key} of hub ${input.HubName} on member ${found.member}`, {}, undefined);
    return input;
  };
}

export const addressTableOperations = [
  hubOperation({
    name: 'EnumMacTable',
    noun: 'mac-table',
    verb: 'list',
    about: 'MAC addresses that a Virtual Hub has learned, and behind which session; in a cluster, on all members.',
    effect: 'read',
    input: nameFields,
    output: macTableFields,
    run: (context, _input, _call, hub) => macTable(context, hub.name),
    across: joined((outputs) => ({
      HubName: outputs[0]!.output.HubName,
      MacTable: joinedRows(outputs, ({ MacTable }) => MacTable),
    })),
  }),
  hubOperation({
    name: 'DeleteMacTable',
    noun: 'mac-table',
    verb: 'delete',
    about: 'Forgets a MAC address; it is learned again from the next frame.',
    effect: 'change',
    input: keyFields,
    output: keyFields,
    run: (context, input, call, hub) => {
      const isDeleted = context.host.instance(hub.name)?.deleteMac(input.Key) ?? false;
      if (!isDeleted) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no MAC address entry ${input.Key}`);
      call.changed(`MAC address entry ${input.Key} of hub ${hub.name}`, {}, undefined);
      return input;
    },
    across: deleteWhereItIs(
      { name: 'EnumMacTable', effect: 'read', input: nameFields, output: macTableFields },
      macTable,
      ({ MacTable }) => MacTable,
    ),
  }),
  hubOperation({
    name: 'EnumIpTable',
    noun: 'ip-table',
    verb: 'list',
    about: 'IP addresses seen on a Virtual Hub, and behind which session; in a cluster, on all members.',
    effect: 'read',
    input: nameFields,
    output: ipTableFields,
    run: (context, _input, _call, hub) => ipTable(context, hub.name),
    across: joined((outputs) => ({
      HubName: outputs[0]!.output.HubName,
      IpTable: joinedRows(outputs, ({ IpTable }) => IpTable),
    })),
  }),
  hubOperation({
    name: 'DeleteIpTable',
    noun: 'ip-table',
    verb: 'delete',
    about: 'Forgets an IP address; it is learned again from the next packet.',
    effect: 'change',
    input: keyFields,
    output: keyFields,
    run: (context, input, call, hub) => {
      const isDeleted = context.host.instance(hub.name)?.deleteIp(input.Key) ?? false;
      if (!isDeleted) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no IP address entry ${input.Key}`);
      call.changed(`IP address entry ${input.Key} of hub ${hub.name}`, {}, undefined);
      return input;
    },
    across: deleteWhereItIs(
      { name: 'EnumIpTable', effect: 'read', input: nameFields, output: ipTableFields },
      ipTable,
      ({ IpTable }) => IpTable,
    ),
  }),
];
