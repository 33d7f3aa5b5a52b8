import type { FarmMemberStatus, OpenSip } from '#sip';
import type { Metric, Sample } from './metrics.ts';

/** What the farm counts; nothing on a server that is alone. */
export function sipFarmMetrics(sip: () => OpenSip | undefined): readonly Metric[] {
  const counted = (samples: (sip: OpenSip) => readonly Sample[]) => (): readonly Sample[] => {
    const open = sip();
    return open?.figures().farm === undefined ? [] : samples(open);
  };
  return [
    {
      name: 'hubfarm_sip_farm_messages_total',
      help: 'SIP messages by the way that they took in the farm: received by a socket of this member, worked on here, relayed to and from other members, passed on a second time, taken over from a member that is gone.',
      kind: 'counter',
      labels: ['way'],
      collect: counted((open) => waysOf(open)),
    },
    {
      name: 'hubfarm_sip_farm_failures_total',
      help: 'What the farm could not do: messages that could not be sent to their member, frames without the mark of the farm, frames that came twice or of an unknown start, messages that waited while this member stood still.',
      kind: 'counter',
      labels: ['why'],
      collect: counted((open) => {
        const { failures = 0, badFrames = 0, staleFrames = 0, overdue = 0 } = open.figures().farm ?? {};
        return [
          { labels: { why: 'unreachable' }, value: failures },
          { labels: { why: 'bad' }, value: badFrames },
          { labels: { why: 'stale' }, value: staleFrames },
          { labels: { why: 'overdue' }, value: overdue },
        ];
      }),
    },
    {
      name: 'hubfarm_sip_farm_members',
      help: 'Members of the farm that take new calls, as this member sees them.',
      kind: 'gauge',
      collect: counted((open) => [
        { labels: {}, value: membersOf(open).filter(({ isInFarm, isReachable }) => isInFarm && isReachable).length },
      ]),
    },
    {
      name: 'hubfarm_sip_farm_member',
      help: 'Whether this member takes new calls of the farm.',
      kind: 'gauge',
      collect: counted((open) => [
        { labels: {}, value: membersOf(open).some(({ isSelf, isInFarm }) => isSelf && isInFarm) ? 1 : 0 },
      ]),
    },
    {
      name: 'hubfarm_sip_farm_warnings',
      help: 'What is odd about how this member is set up, or about the load balancer; `hubfarm farm status` says what.',
      kind: 'gauge',
      labels: ['code'],
      collect: counted((open) =>
        (membersOf(open).find(({ isSelf }) => isSelf)?.warnings ?? []).map(({ code }) => ({
          labels: { code },
          value: 1,
        })),
      ),
    },
  ];
}

const membersOf = (open: OpenSip): readonly FarmMemberStatus[] => open.farm.status().members;

function waysOf(open: OpenSip): readonly Sample[] {
  const { farm } = open.figures();
  if (farm === undefined) return [];
  const ways = {
    received: farm.received,
    here: farm.here,
    out: farm.relayedOut,
    in: farm.relayedIn,
    second_hop: farm.secondHops,
    taken_over: farm.takenOver,
    sent_by_others: farm.sentByOthers,
    sent_for_others: farm.sentForOthers,
    by_bus: farm.busFrames,
  };
  return Object.entries(ways).map(([way, value]) => ({ labels: { way }, value }));
}
