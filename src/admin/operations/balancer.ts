import { memberName, parseMemberId } from '#cluster';
import type { HostNetworkFacts } from '#io';
import { portRangeText } from '#media';
import { ErrorCode } from '#softether';
import { isIpv4 } from '../balancer/ipv4.ts';
import { checkHost, type Finding } from '../balancer/hosts/host-check.ts';
import { checkNatHost } from '../balancer/hosts/nat-check.ts';
import { frontendAddress } from '../balancer/member-facts.ts';
import { byServer, joined } from '../cluster/spread.ts';
import { bool, int, list, str } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { operation } from './operation.ts';
import { refuse } from './refusal.ts';
import { serverRole } from './server-role.ts';

/** Threads of one server are one frontend: it is called like the server. */
function serverName({ cluster, info }: AdminContext): string {
  const id = cluster?.members?.self;
  return id === undefined ? info.hostName : (parseMemberId(id)?.server ?? memberName(id));
}

const farmOf = ({ sip }: AdminContext) => sip?.farm?.status().members.find(({ isSelf }) => isSelf);

function memberRow(context: AdminContext, facts: HostNetworkFacts) {
  const self = context.cluster?.members?.membership.self;
  const farm = farmOf(context);
  const media = context.sip?.media?.place();
  const virtualAddresses = farm?.virtualAddresses ?? [];
  const { address, mac } = frontendAddress(facts, self?.publicAddress ?? '', virtualAddresses);
  return {
    Member: serverName(context),
    Address: address,
    Mac: mac,
    Weight: self?.weight ?? 100,
    Ready: self?.isDraining !== true && (farm === undefined || farm.isReady),
    TakesLogins: self?.isEligible ?? true,
    InFarm: farm?.resolved.farm === 'member',
    Balancer: farm?.balancer ?? 'none',
    VirtualAddresses: virtualAddresses.join(','),
    BoundAddresses: (farm?.boundAddresses ?? []).join(','),
    WanAddress: farm?.wanAddress ?? '',
    MediaPorts: media === undefined ? '' : portRangeText(media.ports),
  };
}

/** What listens on another address is not for the balancer. */
function listenerRows(context: AdminContext, { Address, VirtualAddresses }: ReturnType<typeof memberRow>) {
  const Member = serverName(context);
  const reached = ['*', '0.0.0.0', '::', Address, ...VirtualAddresses.split(',')];
  const vpn = context.listeners.list().filter(({ isEnabled }) => isEnabled);
  const sip = context.sip?.status().listeners ?? [];
  return [
    ...sip
      .filter(({ address }) => reached.includes(address))
      .map(({ transport, port }) => ({ Member, Kind: transport, Port: port })),
    ...vpn.map(({ port }) => ({ Member, Kind: 'vpn', Port: port })),
  ];
}

const findingRow = (Member: string, VirtualAddress: string, { what, verdict, text, command }: Finding) => ({
  Member,
  VirtualAddress,
  What: what,
  Verdict: verdict,
  Text: text,
  Command: command,
});

export const balancerOperations = [
  operation({
    name: 'HubfarmEnumFrontend',
    noun: 'lb',
    verb: 'describe',
    about: 'What a load balancer must know of each server: its address, what it listens on, and whether it takes work.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      OnlyThisServer: bool('it is a member of a cluster: only the controller knows them all'),
      FrontendList: list({
        Member: str('the server: its threads are one'),
        Address: str('IPv4, of the interface to the balancer; empty: none was found'),
        Mac: str('of that interface'),
        Weight: int('100 = normal'),
        Ready: bool('it takes new work'),
        TakesLogins: bool('VPN users can log in there'),
        InFarm: bool('it is a member of a SIP Farm'),
        Balancer: str('none, nat or dsr'),
        VirtualAddresses: str('with commas'),
        BoundAddresses: str('of them, those that are on this host'),
        WanAddress: str(),
        MediaPorts: str('first-last; empty: not known'),
      }),
      ListenerList: list({ Member: str(), Kind: str('udp, tcp, tls, ws, wss: SIP; vpn: VPN and HTTPS'), Port: int() }),
    },
    run: async (context) => {
      const facts = await context.hostNetwork?.facts();
      if (facts === undefined) return refuse(ErrorCode.NOT_SUPPORTED, 'nothing is known of the network of this host');
      const row = memberRow(context, facts);
      return {
        OnlyThisServer: serverRole(context) === 'member',
        FrontendList: [row],
        ListenerList: listenerRows(context, row),
      };
    },
    across: joined((outputs) => ({
      OnlyThisServer: outputs[0]?.output.OnlyThisServer ?? true,
      // Threads have their own listeners where they do not share those of the first; the balancer uses the first one's.
      FrontendList: byServer(outputs).flatMap(({ outputs: [first] }) => first?.FrontendList ?? []),
      ListenerList: byServer(outputs).flatMap(({ outputs: [first] }) => first?.ListenerList ?? []),
    })),
  }),
  operation({
    name: 'HubfarmCheckFrontend',
    noun: 'lb',
    verb: 'check',
    about:
      'What each server still lacks for direct server return (DSR), or for a balancer that translates addresses, and what to do about it.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {
      VirtualAddress: str('IPv4; empty: those that the server was told'),
      BalancerAddress: str('IPv4, in the network of the servers; empty: not known'),
    },
    output: {
      FindingList: list({
        Member: str(),
        VirtualAddress: str(),
        What: str('alias, socket, segment, … or WAN address'),
        Verdict: str('ok, lacks or unknown'),
        Text: str('in words'),
        Command: str('what to do; empty: nothing'),
      }),
    },
    run: async (context, input) => {
      const facts = await context.hostNetwork?.facts();
      if (facts === undefined) return refuse(ErrorCode.NOT_SUPPORTED, 'nothing is known of the network of this host');
      for (const address of [input.VirtualAddress, input.BalancerAddress]) {
        if (address === '' || isIpv4(address)) continue;
        return refuse(ErrorCode.INVALID_PARAMETER, `"${address.slice(0, 100)}" is no IPv4 address`);
      }
      const farm = farmOf(context);
      const told = (farm?.virtualAddresses ?? []).filter(isIpv4);
      const server = serverName(context);
      if (input.VirtualAddress === '' && farm?.balancer === 'nat') {
        const { Address: address } = memberRow(context, facts);
        const findings = checkNatHost({ address, virtualAddresses: told, wanAddress: farm.wanAddress, server });
        return { FindingList: findings.map((finding) => findingRow(server, told[0] ?? '', finding)) };
      }
      const virtualAddresses = input.VirtualAddress === '' ? told : [input.VirtualAddress];
      const sockets = (context.sip?.status().listeners ?? [])
        .filter(({ transport }) => transport === 'udp')
        .map(({ address, port, error }) => ({ address, port, isOpen: error === undefined }));
      const findings = virtualAddresses.flatMap((virtualAddress) =>
        checkHost({ facts, virtualAddress, balancerAddress: input.BalancerAddress, sockets }).map((finding) =>
          findingRow(server, virtualAddress, finding),
        ),
      );
      return { FindingList: findings };
    },
    across: joined((outputs) => ({
      FindingList: byServer(outputs).flatMap(({ outputs: [first] }) => first?.FindingList ?? []),
    })),
  }),
];
