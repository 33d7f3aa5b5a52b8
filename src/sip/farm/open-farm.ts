import { FlowTokens } from '../proxy/flow-token.ts';
import { BranchCodec } from '../transaction/branch.ts';
import { ShortMac } from '../transaction/short-mac.ts';
import { CallEnds } from './call-ends.ts';
import { EqualSockets } from './equal-sockets.ts';
import type { Hop } from '../transport/hop.ts';
import type { Farm, FarmServices } from './farm.ts';
import { noFarmFigures } from './farm-figures.ts';
import type { FarmMember } from './farm-membership.ts';
import { FarmRouting } from './farm-routing.ts';
import { FarmSet, type SetMember } from './farm-set.ts';
import { FarmTransport } from './farm-transport.ts';
import { FrameReceiver } from './frame-receiver.ts';
import { MemberTable } from './member-table.ts';
import { PassingOn } from './passing-on.ts';
import { PendingSends } from './pending-sends.ts';
import { parcelBy, toNamed, toOwner, type Parcel, type RelayWay } from './parcel.ts';
import { RawRelay } from './raw-relay.ts';
import { RelayLink } from './relay-link.ts';
import { Rendezvous } from './rendezvous.ts';
import { Standstill } from './standstill.ts';

/** Makes this member one of a farm: what came by any member's sockets is worked on by one of them. */
export function openFarm(services: FarmServices): Farm {
  const { clock, logger, membership, transport, relayPort, bus, secret, settings, accounts } = services;
  const figures = noFarmFigures();
  const members = new MemberTable(membership);
  const self = members.self.token;
  const mac = new ShortMac(secret);
  const workMs = 64 * settings.t1Ms;
  const set = new FarmSet({ workMs, lateMs: workMs + settings.timerCMs }, workersOf(members));
  // Others may have worked before this member came: for its part of their work they are asked first.
  if (members.self.isInFarm) {
    set.before(
      workersOf(members).filter(({ token }) => token !== self),
      clock.nowMs(),
    );
  }
  const pending = new PendingSends();
  const links: { receive?: FrameReceiver } = {};
  const ends = bus && new CallEnds({ clock, bus, ended: (end) => routing.work.callEnded(end) });
  const link = new RelayLink({
    clock,
    logger,
    members,
    relayPort,
    bus,
    secret,
    figures,
    received: (frame, sender) => links.receive?.receive(frame, sender),
    told: (body) => ends?.told(body),
  });
  const send = (to: FarmMember, parcel: Parcel): number => link.send(to, parcel);
  const relay = (payload: Buffer, hop: Hop, to: FarmMember, way: RelayWay): boolean =>
    send(to, parcelBy(hop, 'message', hop.holder?.token ?? '', payload, way)) > 0;
  let outlets = new Rendezvous<SetMember>(workersOf(members));
  const farmTransport = new FarmTransport({
    members,
    transport,
    equal: new EqualSockets(
      () => transport.listening(),
      () => settings.balancer,
    ),
    pending,
    figures,
    raw: (bytes, hop) => raw.take(bytes, hop),
    link: send,
    proxyTo: (address) => {
      if (members.self.mode !== 'relay' || !isOutside(address)) return undefined;
      const outlet = outlets.owner(mac.begin().text(address).finish());
      return outlet === undefined ? undefined : members.reachable(outlet.token);
    },
  });
  const isOutside = settings.isOutside ?? ((address: string) => !isOfMember(members, address));
  links.receive = new FrameReceiver({
    clock,
    members,
    transport,
    listener: () => farmTransport.listener,
    pending,
    figures,
    link: send,
  });
  const standstill = new Standstill(clock);
  const tokens = new FlowTokens(self, mac);
  const branches = new BranchCodec(self, mac);
  const routing: FarmRouting = new FarmRouting({
    clock,
    members,
    set,
    branches,
    tokens,
    mac,
    transport,
    figures,
    standstill,
    passing: new PassingOn(tokens, transport),
    ends,
    accounts,
    relay: (message, hop, to, way) => relay(message.bytes, hop, to, way),
    answering: (isRelayed, message) => {
      if (settings.balancer !== 'nat') return;
      const mark = mac
        .begin()
        .text(message.topVia()?.branch ?? '')
        .text(message.callId())
        .number(message.cseq().number);
      services.answering?.(isRelayed, mark.finish());
    },
    answersPlain: () => settings.balancer !== 'nat',
    relayBytes: relay,
  });
  const raw = new RawRelay({
    members,
    set,
    branches,
    mac,
    standstill,
    figures,
    work: () => routing.work,
    transport,
    relay: (bytes, hop, to, isNamed) => relay(bytes, hop, to, isNamed ? toNamed : toOwner),
  });
  const forget = membership.onChange(() => {
    members.refresh();
    const workers = workersOf(members);
    outlets = new Rendezvous<SetMember>(workers);
    if (!set.change(workers, clock.nowMs())) return;
    logger.info({ members: workers.map(({ token }) => members.known(token)?.name) }, 'the SIP farm has changed');
  });
  return {
    owner: routing,
    transport: farmTransport,
    figures,
    stop: () => {
      forget();
      standstill.stop();
      ends?.stop();
      link.stop();
    },
  };
}

/** Those that new work goes to, as far as this member can reach them. */
const workersOf = (members: MemberTable): SetMember[] =>
  [...members].filter(({ isInFarm, isReachable }) => isInFarm && isReachable);

const isOfMember = (members: MemberTable, address: string): boolean =>
  [...members].some(
    ({ relayHost, sockets }) => relayHost === address || sockets.some((one) => one.address === address),
  );
