import { memberName } from '#cluster';
import { ErrorCode } from '#softether';
import { joined } from '../cluster/spread.ts';
import { bool, int, list, str, unistr } from '../schema/field.ts';
import { seesHub } from './caller.ts';
import { operation, type Across } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';

const bridgeFields = {
  DeviceName: str('network interface, or the name for a new TAP interface; `eth1@b` = eth1 of member b'),
  HubNameLB: str(),
  TapMode: bool('make a TAP interface'),
};

/** Interfaces are those of one member each: where it is another one, its name follows. */
const MEMBER_MARK = '@';

/** `eth1@b` is the interface eth1 of the member b; without a member it is one of this member. */
const atMember: Across<typeof bridgeFields, typeof bridgeFields> = async (asked) => {
  const { operation: question, input, call, others } = asked;
  const mark = input.DeviceName.lastIndexOf(MEMBER_MARK);
  if (mark === -1) return asked.own();
  const name = input.DeviceName.slice(mark + 1);
  const there = { ...input, DeviceName: input.DeviceName.slice(0, mark) };
  if (name.toLowerCase() === memberName(others.self).toLowerCase()) return asked.own(there);
  const member = others.named(name);
  const answer = member === undefined ? undefined : await others.askOne(member, question, there);
  if (answer === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, `no member "${name}" answers`);
  if (answer instanceof Refusal) return answer;
  call.changed(`local bridge ${input.HubNameLB} ${input.DeviceName}`, undefined, {});
  return input;
};

const ofMember = (device: string, member: { readonly isSelf: boolean; readonly name: string }): string =>
  member.isSelf ? device : `${device}${MEMBER_MARK}${member.name}`;

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
      const devices = outputs.flatMap((member) =>
        member.output.EthList.map((row) => ({ ...row, DeviceName: ofMember(row.DeviceName, member) })),
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
      const bridge = { deviceName: input.DeviceName, hubName: input.HubNameLB, tapMode: input.TapMode };
      await context.bridges.create(bridge);
      call.changed(`local bridge ${bridge.hubName} ${bridge.deviceName}`, undefined, bridge);
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
      await context.bridges.delete(input.HubNameLB, input.DeviceName);
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
    output: {
      NumItem: int(),
      LocalBridgeList: list({
        DeviceName: str(),
        HubNameLB: str(),
        Online: bool('wanted, and its hub is online'),
        Active: bool('frames flow'),
        TapMode: bool(),
      }),
    },
    run: (context, _input, { caller }) => {
      const bridges = context.bridges.list().filter((bridge) => seesHub(caller, bridge.hubName));
      return {
        NumItem: bridges.length,
        LocalBridgeList: bridges.map((bridge) => ({
          DeviceName: bridge.deviceName,
          HubNameLB: bridge.hubName,
          Online: bridge.isOnline,
          Active: bridge.isActive,
          TapMode: bridge.tapMode,
        })),
      };
    },
    across: joined((outputs) => {
      const bridges = outputs.flatMap((member) =>
        member.output.LocalBridgeList.map((row) => ({ ...row, DeviceName: ofMember(row.DeviceName, member) })),
      );
      return { NumItem: bridges.length, LocalBridgeList: bridges };
    }),
  }),
];
