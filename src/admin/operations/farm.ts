import type { FarmMemberStatus, FarmStatus } from '#sip';
import { ErrorCode } from '#softether';
import { joined } from '../cluster/spread.ts';
import { bool, int, list, many, str } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { farmChanges, farmSettingFields, settingText } from './farm-fields.ts';
import { operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { nameHere } from './server-role.ts';
import { sipOf, type FarmControl } from './sip-control.ts';

const memberFields = {
  Member: str(),
  Self: bool('the one that was asked'),
  Role: str('alone, threads, frontend or backend'),
  Token: str('of this member in branches and Record-Routes'),
  Farm: str('as it was set: auto, member, disabled or relay'),
  FarmResolved: str('what that means at present'),
  Signals: str('as it was set: auto, locally, locally-for-others or remotely'),
  SignalsResolved: str(),
  CallLegs: str(),
  CallLegsResolved: str(),
  InFarm: bool('new calls go to it'),
  Ready: bool(),
  Reachable: bool('its link is up'),
  Draining: bool(),
  Problem: str('why it is not ready, or not reached; empty: nothing'),
  RelayAddress: str('where other members send to, by UDP'),
  Balancer: str('none, nat or dsr'),
  VirtualAddresses: str('with commas'),
  BoundAddresses: str('of them, those that it has a socket on'),
  WanAddress: str(),
  Weight: int('share of the calls, 100 = normal'),
};

function memberRow(member: FarmMemberStatus, fallback: string) {
  const { configured, resolved } = member;
  return {
    Member: member.name === '' ? fallback : member.name,
    Self: member.isSelf,
    Role: member.role,
    Token: member.token,
    Farm: configured.farm,
    FarmResolved: resolved.farm,
    Signals: configured.signals,
    SignalsResolved: resolved.signals,
    CallLegs: configured.callLegs,
    CallLegsResolved: resolved.callLegs,
    InFarm: member.isInFarm,
    Ready: member.isReady,
    Reachable: member.isReachable,
    Draining: member.isDraining,
    Problem: member.problem,
    RelayAddress: member.relayAddress,
    Balancer: member.balancer,
    VirtualAddresses: member.virtualAddresses.join(','),
    BoundAddresses: member.boundAddresses.join(','),
    WanAddress: member.wanAddress,
    Weight: member.weight,
  };
}

const settingRows = ({ settings, sources }: FarmStatus) =>
  (Object.keys(sources) as (keyof typeof sources)[]).map((name) => ({
    Name: name,
    Value: settingText(settings[name]),
    Source: sources[name],
  }));

export const farmOperations = [
  operation({
    name: 'HubfarmSipGetFarm',
    noun: 'farm',
    verb: 'status',
    about:
      'The SIP Farm: who is in it, how each member was set up and what that means at present, and what is wrong with it. ' +
      'Settings are those of the server that was asked.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      MemberList: list(memberFields),
      WarningList: list({ Member: str(), Code: str(), Text: str() }),
      SettingList: list({
        Name: str(),
        Value: str('lists with commas'),
        Source: str('server = set for it, file = its configuration file, cluster = set for all, default'),
      }),
    },
    run: (context) => {
      const farm = farmOf(context);
      if (farm instanceof Refusal) return farm;
      const status = farm.status();
      const here = nameHere(context);
      return {
        MemberList: status.members.map((member) => memberRow(member, here)),
        WarningList: status.members.flatMap(({ name, warnings }) =>
          warnings.map(({ code, text }) => ({ Member: name === '' ? here : name, Code: code, Text: text })),
        ),
        SettingList: settingRows(status),
      };
    },
  }),
  operation({
    name: 'HubfarmSipSetFarm',
    noun: 'farm',
    verb: 'set',
    about:
      'Sets the part of a server in the SIP Farm, or what counts for all servers of the cluster. What is set for a server ' +
      'wins over its configuration file, and both over what is set for the cluster. It takes effect at once.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: {
      Server: str('name of a server; empty: the one that is asked'),
      Cluster: bool('for all servers of the cluster; only virtualAddresses, balancer, wanAddress and lanNetworks'),
      ...farmSettingFields,
      Unset: many(str('names of settings that are not set there any more')),
    },
    output: { Server: str('empty: the cluster'), Set: str('all that is set there now, JSON') },
    run: async (context, input, call) => {
      const farm = farmOf(context);
      if (farm instanceof Refusal) return farm;
      const changes = farmChanges(input);
      if (changes instanceof Refusal) return changes;
      const server = serverOf(input.Server);
      if (input.Cluster) {
        const { farm: mode, signals, callLegs, ...face } = changes;
        if (mode !== undefined || signals !== undefined || callLegs !== undefined || server !== '') {
          return refuse(
            ErrorCode.INVALID_PARAMETER,
            'farm, signals and callLegs are set for one server, not for the cluster',
          );
        }
        const before = farm.setOfCluster();
        const after = await farm.setCluster(face);
        call.changed('SIP Farm of the cluster', before, after);
        return { Server: '', Set: JSON.stringify(after) };
      }
      if (server !== '' && !farm.isServer(server)) {
        return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no server "${server}" with SIP: see hubfarm farm status`);
      }
      const before = farm.setOf(server);
      const after = await farm.setServer(server, changes);
      call.changed(`SIP Farm of ${server === '' ? 'this server' : server}`, before, after);
      return { Server: server, Set: JSON.stringify(after) };
    },
  }),
  operation({
    name: 'HubfarmSipRefreshFarm',
    noun: 'farm',
    verb: 'refresh',
    about:
      'Looks at once, on every member, for addresses that the machine has got or lost, and for ports that have become free.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: {},
    output: { MemberList: list({ Member: str(), Ready: bool(), BoundAddresses: str('with commas'), Problem: str() }) },
    run: async (context, _input, call) => {
      const farm = farmOf(context);
      if (farm instanceof Refusal) return farm;
      await farm.refresh();
      const self = farm.status().members.find(({ isSelf }) => isSelf);
      call.changed('addresses of the SIP Farm', {}, {});
      return {
        MemberList: [
          {
            Member: nameHere(context),
            Ready: self?.isReady ?? false,
            BoundAddresses: self?.boundAddresses.join(',') ?? '',
            Problem: self?.problem ?? '',
          },
        ],
      };
    },
    across: joined((outputs) => ({ MemberList: outputs.flatMap(({ output }) => output.MemberList) })),
  }),
];

/** The part of this member in the SIP Farm, or that it has none. */
function farmOf(context: AdminContext): FarmControl | Refusal {
  const sip = sipOf(context);
  if (sip instanceof Refusal) return sip;
  return sip.farm ?? refuse(ErrorCode.NOT_SUPPORTED, 'this server has no part in a SIP Farm');
}

/** Settings are for a server with all its threads: `alpha/2` is `alpha`. */
const serverOf = (name: string): string => name.replace(/\/\d+$/, '');
