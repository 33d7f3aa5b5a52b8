import { checkMedia, parsePortRange, portRangeText, type MediaMember } from '#media';
import { ErrorCode } from '#softether';
import { joined } from '../cluster/spread.ts';
import { int, int64, list, str, type ValueOf } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { nameHere } from './server-role.ts';
import { sipOf, type MediaControl } from './sip-control.ts';

const checkFields = {
  Method: str('single-ip, multi-ip or none'),
  NumStreams: int('that fit into the ports of all members together'),
  FindingList: list({ Level: str('error or warning'), Text: str() }),
  ForwardingList: list({ Member: str(), Ports: str('of the public address, to be passed on to this member') }),
  MemberList: list({
    Member: str(),
    Machine: str(),
    Ports: str(),
    WanAddress: str('of the server; empty: none'),
    ClusterWanAddress: str('of the cluster, where it is not that; empty: none'),
    ServicePorts: str('that SIP listens on, with commas'),
  }),
};

type CheckRow = ValueOf<typeof checkFields>['MemberList'][number];

export const mediaOperations = [
  operation({
    name: 'HubfarmMediaGetStatus',
    noun: 'media',
    verb: 'status',
    about: 'How the media of calls are relayed, on each member, and what was counted since its start.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      MemberList: list({
        Member: str(),
        Means: str('who forwards packets, and if it is not the kernel, why'),
        Ports: str('10000-19999'),
        WanAddress: str('what those outside are told; empty: the own addresses'),
        PairsTaken: int(),
        PairsTotal: int(),
        Calls: int('whose media are relayed now'),
        Streams: int(),
        KernelStreams: int('of them, those that the kernel forwards'),
        Packets: int64(),
        Octets: int64(),
        DroppedPackets: int64(),
        Full: int64('calls that should have been relayed and were not'),
        Silent: int64('calls whose media ended since nothing came'),
        Failed: int64(),
        WithoutPackets: int64('calls without a single packet'),
      }),
      ReasonList: list({ Member: str(), Reason: str(), NumCalls: int64('since its start') }),
    },
    run: (context) => {
      const media = mediaOf(context);
      if (media instanceof Refusal) return media;
      const Member = nameHere(context);
      const { ports, relay, means, wanAddress, calls, full, silent, failed, withoutPackets, relayed } = media.figures();
      const row = {
        Member,
        Means: means,
        Ports: portRangeText(ports.range),
        WanAddress: wanAddress,
        PairsTaken: ports.taken,
        PairsTotal: ports.total,
        Calls: calls,
        Streams: relay.streams,
        KernelStreams: relay.kernelStreams,
        Packets: relay.packets,
        Octets: relay.octets,
        DroppedPackets: relay.droppedPackets,
        Full: full,
        Silent: silent,
        Failed: failed,
        WithoutPackets: withoutPackets,
      };
      const reasons = Object.entries(relayed).map(([Reason, NumCalls]) => ({ Member, Reason, NumCalls }));
      return { MemberList: [row], ReasonList: reasons };
    },
    across: joined((outputs) => ({
      MemberList: outputs.flatMap(({ output }) => output.MemberList),
      ReasonList: outputs.flatMap(({ output }) => output.ReasonList),
    })),
  }),
  operation({
    name: 'HubfarmMediaCheck',
    noun: 'media',
    verb: 'check',
    about:
      'Whether media reach the members from outside: their ports and WAN addresses, and what a load balancer must pass on.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: checkFields,
    run: (context) => {
      const media = mediaOf(context);
      if (media instanceof Refusal) return media;
      const { ports, wanAddress, isWanOfCluster, servicePorts } = media.place();
      return checked([
        {
          Member: nameHere(context),
          Machine: context.info.hostName,
          Ports: portRangeText(ports),
          WanAddress: isWanOfCluster ? '' : wanAddress,
          ClusterWanAddress: isWanOfCluster ? wanAddress : '',
          ServicePorts: servicePorts.join(','),
        },
      ]);
    },
    across: joined((outputs) => checked(outputs.flatMap(({ output }) => output.MemberList))),
  }),
];

function checked(rows: readonly CheckRow[]): ValueOf<typeof checkFields> {
  const wanAddress = rows.find(({ ClusterWanAddress }) => ClusterWanAddress !== '')?.ClusterWanAddress;
  const { method, findings, capacity, forwardings } = checkMedia({ members: rows.map(memberOf), wanAddress });
  return {
    Method: method,
    NumStreams: capacity,
    FindingList: findings.map(({ level, text }) => ({ Level: level, Text: text })),
    ForwardingList: forwardings.map(({ member, ports }) => ({ Member: member, Ports: portRangeText(ports) })),
    MemberList: [...rows],
  };
}

function memberOf({ Member, Machine, Ports, WanAddress, ServicePorts }: CheckRow): MediaMember {
  const ports = parsePortRange(Ports);
  return {
    name: Member,
    machine: Machine,
    // Of a member that says something else nothing is known.
    ports: typeof ports === 'string' ? { first: 0, last: -1 } : ports,
    wanAddress: WanAddress === '' ? undefined : WanAddress,
    servicePorts: ServicePorts.split(',').filter(Boolean).map(Number),
  };
}

function mediaOf(context: Pick<AdminContext, 'sip'>): MediaControl | Refusal {
  const sip = sipOf(context);
  if (sip instanceof Refusal) return sip;
  const text = 'this server relays no media: see "relay" in the section [media] of its settings';
  return sip.media ?? refuse(ErrorCode.NOT_SUPPORTED, text);
}
