import { memberName, type MemberId, type MemberView } from '#cluster';
import { ErrorCode } from '#softether';
import type { MemberCalls } from '../cluster/member-calls.ts';
import { memberNumbers } from '../cluster/member-number.ts';
import { OtherMembers } from '../cluster/other-members.ts';
import { bool, data, int, ip, list, many, str, time } from '../schema/field.ts';
import { askedMode, changedFarmFields, farmFields, farmOutput } from './cluster-setting.ts';
import type { AdminContext } from './context.ts';
import { instancesHere, instancesQuestion } from './hub-instance.ts';
import { beginModeChange, effectsOfMode } from './mode-change.ts';
import { operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { nameHere, serverRole } from './server-role.ts';

/** The row of the controller itself says so, as in the original. */
const CONTROLLER_ADDRESS = '127.0.0.1';

const connectionFields = {
  Ip: ip('of the controller'),
  Port: int(),
  Online: bool(),
  LastError: int('why it is not online'),
  StartedTime: time('of the first attempt'),
  CurrentConnectedTime: time(),
  FirstConnectedTime: time(),
  NumConnected: int(),
  NumTry: int(),
  NumFailed: int(),
};

const causeNumbers = {
  none: ErrorCode.NO_ERROR,
  unreachable: ErrorCode.CONNECT_FAILED,
  wrongPassword: ErrorCode.ACCESS_DENIED,
  notController: ErrorCode.NOT_FARM_CONTROLLER,
  other: ErrorCode.PROTOCOL_ERROR,
} as const;

/** The members of the cluster as its controller sees them, itself first, then in the order in which they joined. */
function membersOf(
  context: AdminContext,
): { readonly calls: MemberCalls; readonly views: readonly MemberView[] } | undefined {
  const calls = context.cluster?.members;
  if (calls === undefined || serverRole(context) !== 'controller') return undefined;
  const rank = ({ info }: MemberView): number => (info.id === calls.self ? 0 : info.joinedAtMs);
  return { calls, views: [...calls.membership.members()].sort((a, b) => rank(a) - rank(b)) };
}

function memberOutput({ calls }: { readonly calls: MemberCalls }, { info, load }: MemberView, id: number) {
  const isController = info.id === calls.self;
  return {
    Id: id,
    Controller: isController,
    ConnectedTime: info.joinedAtMs,
    Ip: isController ? CONTROLLER_ADDRESS : info.publicAddress,
    Hostname: memberName(info.id),
    Point: load?.points ?? 0,
    NumSessions: load?.sessions ?? 0,
    NumTcpConnections: load?.connections ?? 0,
  };
}

/** The hubs that run on a member; undefined: it does not answer. */
async function hubsOf(context: AdminContext, others: OtherMembers, member: MemberId) {
  if (member === others.self) return instancesHere(context).map(({ HubName, HubType }) => ({ HubName, HubType }));
  const answer = await others.askOne(member, instancesQuestion, {});
  return answer === undefined || answer instanceof Refusal ? [] : answer.InstanceList;
}

const DYNAMIC = 2;

export const clusterOperations = [
  operation({
    name: 'GetFarmSetting',
    noun: 'cluster',
    verb: 'show',
    about: 'Which part the server was told to play: stand-alone, controller of a cluster, or a member of one.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: farmFields,
    run: ({ cluster }) => farmOutput(cluster?.modes.status()),
  }),
  operation({
    name: 'SetFarmSetting',
    noun: 'cluster',
    verb: 'set',
    about:
      'Makes the server stand-alone, the controller of a cluster, or a member of one. The configuration is kept in a ' +
      'file before; what is in the way is answered, with nothing changed. The services stop a second after the answer, ' +
      'which ends all connections, this one too.',
    role: 'server',
    effect: 'change',
    input: farmFields,
    output: changedFarmFields,
    run: async (context, input, call) => {
      const { cluster } = context;
      if (cluster === undefined) return refuse(ErrorCode.NOT_SUPPORTED);
      const asked = askedMode(input);
      if (asked instanceof Refusal) return asked;
      if (asked.mode !== 'standalone' && context.licences?.allowsClusters(nameHere(context)) === false) {
        return refuse(
          ErrorCode.NO_VPN_CLUSTER_LICENSE,
          'clusters need an Enterprise or Carrier licence on each server',
        );
      }
      const before = cluster.modes.status();
      if (asked.mode === 'member' && asked.hashedPassword === undefined && before.mode !== 'member') {
        return refuse(ErrorCode.INVALID_PARAMETER, "MemberPassword must be the controller's administration password");
      }
      const backup = await beginModeChange(context, cluster, asked);
      call.changed('part in a cluster', { mode: before.mode }, { ...asked, backup });
      return { ...input, MemberPassword: Buffer.alloc(20), MemberPasswordPlaintext: '', HubfarmBackup: backup };
    },
  }),
  operation({
    name: 'HubfarmPlanFarmSetting',
    noun: 'cluster',
    verb: 'plan',
    about: 'What SetFarmSetting with the same type would do to this server and its configuration; changes nothing.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: { ServerType: farmFields.ServerType },
    output: { ServerType: farmFields.ServerType, Effects: many(str('a sentence for each effect')) },
    run: (context, input) => {
      const modes = ['standalone', 'controller', 'member'] as const;
      const mode = modes[input.ServerType];
      if (context.cluster === undefined) return refuse(ErrorCode.NOT_SUPPORTED);
      if (mode === undefined) return refuse(ErrorCode.INVALID_PARAMETER, `ServerType ${input.ServerType} is unknown`);
      return { ServerType: input.ServerType, Effects: effectsOfMode(context, mode) };
    },
  }),
  operation({
    name: 'GetFarmInfo',
    noun: 'cluster',
    verb: 'show-member',
    about: 'One member of the cluster, with its certificate and the hubs that run there. Asked at the controller.',
    role: 'anyone',
    effect: 'read',
    input: { Id: int('from the list of members') },
    output: {
      Id: int(),
      Controller: bool(),
      ConnectedTime: time(),
      Ip: ip(),
      Hostname: str(),
      Point: int('the more, the more likely is the next session to go there'),
      Ports: many(int()),
      ServerCert: data('DER'),
      HubsList: list({
        HubName: str(),
        DynamicHub: bool(
          'the wrong way round over the SoftEther RPC, whose programs show it the wrong way round again',
        ),
      }),
      NumSessions: int(),
      NumTcpConnections: int(),
      Weight: int(),
    },
    run: async (context, input, { caller }) => {
      const members = membersOf(context);
      if (members === undefined) return refuse(ErrorCode.NOT_FARM_CONTROLLER);
      const numbers = memberNumbers(members.views.map(({ info }) => info.id));
      const view = members.views.find(({ info }) => numbers.get(info.id) === input.Id);
      if (view === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no member ${input.Id}`);
      const hubs = await hubsOf(context, new OtherMembers(members.calls, caller), view.info.id);
      // The texts of vpncmd and Server Manager for the two kinds are swapped: the swapped value makes them tell the truth.
      const isSwapped = caller.face === 'softether-rpc';
      return {
        ...memberOutput(members, view, input.Id),
        Ports: view.info.publicPorts,
        ServerCert: Buffer.from(view.info.certificate, 'base64'),
        HubsList: hubs.map((hub) => ({ HubName: hub.HubName, DynamicHub: (hub.HubType === DYNAMIC) !== isSwapped })),
        Weight: view.info.weight,
      };
    },
  }),
  operation({
    name: 'EnumFarmMember',
    noun: 'cluster',
    verb: 'list-members',
    about: 'The members of the cluster with their load, at most some seconds old. Asked at the controller.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {
      FarmMemberList: list({
        Id: int('the same as long as the member has its name'),
        Controller: bool(),
        ConnectedTime: time(),
        Ip: ip(),
        Hostname: str("the member's name in the cluster"),
        Point: int(),
        NumSessions: int(),
        NumTcpConnections: int(),
        NumHubs: int('hubs that run there'),
        AssignedClientLicense: int(),
        AssignedBridgeLicense: int(),
      }),
    },
    run: (context) => {
      const members = membersOf(context);
      if (members === undefined) return refuse(ErrorCode.NOT_FARM_CONTROLLER);
      const numbers = memberNumbers(members.views.map(({ info }) => info.id));
      return {
        FarmMemberList: members.views.map((view) => ({
          ...memberOutput(members, view, numbers.get(view.info.id) ?? 0),
          NumHubs: view.load?.hubInstances ?? 0,
          AssignedClientLicense: view.load?.clientLicences ?? 0,
          AssignedBridgeLicense: view.load?.bridgeLicences ?? 0,
        })),
      };
    },
  }),
  operation({
    name: 'HubfarmEnumMember',
    noun: 'cluster',
    verb: 'members',
    about: 'The members as this server sees them: state, version, and which of them are missing from lists, and why.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      MemberList: list({
        Name: str(),
        Controller: bool(),
        State: str('online, or suspect: nothing is placed there'),
        Cause: str('why it is suspect, or missing from lists; empty: it is neither'),
        Missing: bool('it did not answer the last question, so its rows are missing from lists'),
        HostName: str(),
        Version: str(),
        Eligible: bool('it may become the controller'),
        Draining: bool(),
        BusAddress: str(),
        PublicAddress: str(),
        Weight: int(),
        Capacity: int('sessions'),
        Sessions: int(),
        UnreachablePorts: str('ports that could not be reached from outside, with commas'),
        StartedTime: time(),
        JoinedTime: time(),
      }),
    },
    run: ({ cluster }) => {
      const calls = cluster?.members;
      if (calls === undefined) return { MemberList: [] };
      const controller = calls.controllership.controller()?.member;
      return {
        MemberList: calls.membership.members().map(({ info, load, state, cause }) => ({
          Name: memberName(info.id),
          Controller: info.id === controller,
          State: state,
          Cause: cause === '' ? (calls.whySilent(info.id) ?? '') : cause,
          Missing: calls.whySilent(info.id) !== undefined,
          HostName: info.hostName,
          Version: info.version,
          Eligible: info.isEligible,
          Draining: info.isDraining,
          BusAddress: info.busAddress,
          PublicAddress: info.publicAddress,
          Weight: info.weight,
          Capacity: info.capacity,
          Sessions: load?.sessions ?? 0,
          UnreachablePorts: (load?.unreachablePorts ?? []).join(', '),
          StartedTime: info.startedAtMs,
          JoinedTime: info.joinedAtMs,
        })),
      };
    },
  }),
  operation({
    name: 'GetFarmConnectionStatus',
    noun: 'cluster',
    verb: 'connection',
    about: "A member's connection to its controller. Asked at the member.",
    role: 'anyone',
    effect: 'read',
    input: {},
    output: connectionFields,
    run: ({ cluster }) => {
      const status = cluster?.modes.status();
      const connection = status?.mode === 'member' ? status.connection : undefined;
      if (connection === undefined) return refuse(ErrorCode.NOT_FARM_MEMBER);
      return {
        Ip: connection.address,
        Port: connection.port,
        Online: connection.isOnline,
        LastError: causeNumbers[connection.causeKind],
        StartedTime: connection.startedAtMs,
        CurrentConnectedTime: connection.currentConnectedAtMs,
        FirstConnectedTime: connection.firstConnectedAtMs,
        NumConnected: connection.successes,
        NumTry: connection.tries,
        NumFailed: connection.failures,
      };
    },
  }),
];
