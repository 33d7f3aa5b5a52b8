import { memberName } from '#cluster';
import { ErrorCode } from '#softether';
import { byServer, joined, type MemberOutput } from '../cluster/spread.ts';
import { bool, int, list, str, unistr, type ValueOf } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { seesHub } from './caller.ts';
import { operation, type Across } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';

const bridgeFields = {
  DeviceName: str(
    'network interface, or the name for a new TAP interface; in a cluster `eth1@b` = that of member b, and `eth1@*` = ' +
      'that of each member, also of those that come later',
  ),
  HubNameLB: str(),
  TapMode: bool('make a TAP interface'),
};

/** Interfaces are those of one server each: where it is another one, its name follows. */
const SERVER_MARK = '@';
/** Instead of a name: a bridge that each server of the cluster has. */
const EVERYWHERE = '*';

interface Device {
  readonly name: string;
  /** undefined = this one. */
  readonly server: string | undefined;
}

function deviceOf(text: string): Device {
  const mark = text.lastIndexOf(SERVER_MARK);
  return mark === -1
    ? { name: text, server: undefined }
    : { name: text.slice(0, mark), server: text.slice(mark + SERVER_MARK.length) };
}

const deviceText = (name: string, server: string): string => (server === '' ? name : name + SERVER_MARK + server);

/** `eth1@b` is the interface eth1 of the member b; without a member it is one of this server. */
const atMember: Across<typeof bridgeFields, typeof bridgeFields> = async (asked) => {
  const { operation: question, input, call, others } = asked;
  const { name, server } = deviceOf(input.DeviceName);
  if (server === undefined || server === EVERYWHERE) return asked.own();
  const there = { ...input, DeviceName: name };
  if (server.toLowerCase() === memberName(others.self).toLowerCase()) return asked.own(there);
  const member = others.named(server);
  const answer = member === undefined ? undefined : await others.askOne(member, question, there);
  if (answer === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, `no member "${server}" answers`);
  if (answer instanceof Refusal) return answer;
  call.changed(`local bridge ${input.HubNameLB} ${input.DeviceName}`, undefined, {});
  return input;
};

const bridgeColumns = {
  DeviceName: str(),
  HubNameLB: str(),
  Online: bool('wanted, and its hub is online'),
  Active: bool('frames flow'),
  TapMode: bool(),
};

type BridgeRow = ValueOf<typeof bridgeColumns>;

const rowKey = ({ DeviceName, HubNameLB, TapMode }: BridgeRow): string =>
  JSON.stringify([DeviceName, HubNameLB.toUpperCase(), TapMode]);

/** Rows that are about the same bridge, as one. */
function merged(rows: readonly BridgeRow[], merge: (a: BridgeRow, b: BridgeRow) => BridgeRow): BridgeRow[] {
  const byKey = new Map<string, BridgeRow>();
  for (const row of rows) {
    const known = byKey.get(rowKey(row));
    byKey.set(rowKey(row), known === undefined ? row : merge(known, row));
  }
  return [...byKey.values()];
}

/** Threads of a server share its bridges: one of them is at work. What every server has is up where it is up everywhere. */
function joinedBridges(outputs: readonly MemberOutput<{ readonly LocalBridgeList: readonly BridgeRow[] }>[]) {
  const rows = byServer(outputs).flatMap((server) => {
    const own = server.outputs.flatMap(({ LocalBridgeList }) => LocalBridgeList);
    const any = merged(own, (a, b) => ({ ...a, Online: a.Online || b.Online, Active: a.Active || b.Active }));
    return any.map((row) => {
      const isEverywhere = deviceOf(row.DeviceName).server === EVERYWHERE;
      return isEverywhere ? row : { ...row, DeviceName: deviceText(row.DeviceName, server.name) };
    });
  });
  const bridges = merged(rows, (a, b) => ({ ...a, Online: a.Online || b.Online, Active: a.Active && b.Active }));
  return { NumItem: bridges.length, LocalBridgeList: bridges };
}

/** What makes and deletes the bridges that each server has; a refusal where there is no such thing. */
function everywhere({ bridges }: AdminContext): NonNullable<AdminContext['bridges']['everywhere']> | Refusal {
  return bridges.everywhere ?? refuse(ErrorCode.INVALID_PARAMETER, 'this server is in no cluster: leave "@*" out');
}

export const bridgeOperations = [
  operation({
    name: 'GetBridgeSupport',
    noun: 'bridge',
    verb: 'support',
    about: 'Whether this server can join Virtual Hubs and network interfaces.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { IsBridgeSupportedOs: bool(), IsWinPcapNeeded: bool() },
    run: (context) => ({ IsBridgeSupportedOs: context.bridges.isSupported, IsWinPcapNeeded: false }),
  }),
  operation({
    name: 'EnumEthernet',
    noun: 'bridge',
    verb: 'devices',
    about: 'Network interfaces of the host that a local bridge can use.',
    role: 'server',
    effect: 'read',
    input: {},
    output: { NumItem: int(), EthList: list({ DeviceName: str(), NetworkConnectionName: unistr() }) },
    run: async (context) => {
      if (!context.bridges.isSupported) return refuse(ErrorCode.NOT_SUPPORTED);
      const devices = await context.bridges.devices();
      return {
        NumItem: devices.length,
        EthList: devices.map((device) => ({ DeviceName: device, NetworkConnectionName: '' })),
      };
    },
    across: joined((outputs) => {
      const devices = byServer(outputs).flatMap((server) =>
        server.outputs[0]!.EthList.map((row) => ({ ...row, DeviceName: deviceText(row.DeviceName, server.name) })),
      );
      return { NumItem: devices.length, EthList: devices };
    }),
  }),
  operation({
    name: 'AddLocalBridge',
    noun: 'bridge',
    verb: 'create',
    about: 'Joins a Virtual Hub and a network interface. The hub may come later; the bridge waits for it.',
    role: 'server',
    effect: 'change',
    input: bridgeFields,
    output: bridgeFields,
    run: async (context, input, call) => {
      if (!context.bridges.isSupported) return refuse(ErrorCode.LOCAL_BRIDGE_UNSUPPORTED);
      if (input.DeviceName === '' || input.HubNameLB === '') {
        return refuse(ErrorCode.INVALID_PARAMETER, 'DeviceName and HubNameLB must not be empty');
      }
      const { name, server } = deviceOf(input.DeviceName);
      const control = server === EVERYWHERE ? everywhere(context) : context.bridges;
      if (control instanceof Refusal) return control;
      const deviceName = server === EVERYWHERE ? name : input.DeviceName;
      const bridge = { deviceName, hubName: input.HubNameLB, tapMode: input.TapMode };
      await control.create(bridge);
      call.changed(`local bridge ${bridge.hubName} ${input.DeviceName}`, undefined, bridge);
      return input;
    },
    across: atMember,
  }),
  operation({
    name: 'DeleteLocalBridge',
    noun: 'bridge',
    verb: 'delete',
    about: 'Takes a local bridge away, and the TAP interface that was made for it.',
    role: 'server',
    effect: 'change',
    input: bridgeFields,
    output: bridgeFields,
    run: async (context, input, call) => {
      if (input.DeviceName === '' || input.HubNameLB === '') {
        return refuse(ErrorCode.INVALID_PARAMETER, 'DeviceName and HubNameLB must not be empty');
      }
      const { name, server } = deviceOf(input.DeviceName);
      const control = server === EVERYWHERE ? everywhere(context) : context.bridges;
      if (control instanceof Refusal) return control;
      await control.delete(input.HubNameLB, server === EVERYWHERE ? name : input.DeviceName);
      const before = { deviceName: input.DeviceName, hubName: input.HubNameLB };
      call.changed(`local bridge ${input.HubNameLB} ${input.DeviceName}`, before, undefined);
      return input;
    },
    across: atMember,
  }),
  operation({
    name: 'EnumLocalBridge',
    noun: 'bridge',
    verb: 'list',
    about: 'Local bridges, in a cluster those of all members; for a hub administrator those of the own hub.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { NumItem: int(), LocalBridgeList: list(bridgeColumns) },
    run: (context, _input, { caller }) => {
      const bridges = context.bridges.list().filter((bridge) => seesHub(caller, bridge.hubName));
      return {
        NumItem: bridges.length,
        LocalBridgeList: bridges.map((bridge) => ({
          DeviceName: bridge.isEverywhere === true ? deviceText(bridge.deviceName, EVERYWHERE) : bridge.deviceName,
          HubNameLB: bridge.hubName,
          Online: bridge.isOnline,
          Active: bridge.isActive,
          TapMode: bridge.tapMode,
        })),
      };
    },
    across: joined(joinedBridges),
  }),
];
