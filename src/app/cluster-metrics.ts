import type { Backplane } from '#backplane';
import { memberName, type BusCounters, type LoadCounts } from '#cluster';
import type { ClusterPlace } from './member/cluster-place.ts';
import type { Metric, Sample } from './metrics.ts';
import { snakeCase } from './softether-metrics.ts';

const busHelp: { readonly [C in keyof BusCounters]: string } = {
  sentCalls: 'Calls to other members.',
  receivedCalls: 'Calls of other members.',
  sentSends: 'Messages to other members that nobody answers.',
  receivedSends: 'Messages of other members that nobody answers.',
  droppedSends: 'Messages dropped since there was no link, or it was full.',
  unknownSends: 'Messages for a service that is not here.',
  overloaded: 'Calls not sent since too many waited.',
  refusedLinks: 'Connections of the bus that did not become links.',
};

/** The cluster as this member sees it. */
export function clusterMetrics(
  { bus, registry, election, objectDirectory }: ClusterPlace,
  shared: Pick<Backplane, 'state'>,
  counts: () => Pick<LoadCounts, 'ticketsTaken'>,
): Metric[] {
  const perState = (states: readonly string[], of: () => readonly { readonly state: string }[]) => (): Sample[] => {
    const all = of();
    return states.map((state) => ({ labels: { state }, value: all.filter((one) => one.state === state).length }));
  };
  const busMetrics = (Object.keys(busHelp) as (keyof BusCounters)[]).map((counter): Metric => ({
    name: `hubfarm_bus_${snakeCase(counter)}_total`,
    help: busHelp[counter],
    kind: 'counter',
    collect: () => bus.counters[counter],
  }));
  return [
    {
      name: 'hubfarm_cluster_members',
      help: 'Members of the cluster, as this one sees them.',
      kind: 'gauge',
      labels: ['state'],
      collect: perState(['online', 'suspect'], () => registry.members()),
    },
    {
      name: 'hubfarm_cluster_links',
      help: 'Links of the bus to other members.',
      kind: 'gauge',
      labels: ['state'],
      collect: perState(['up', 'silent'], () => bus.links()),
    },
    {
      name: 'hubfarm_cluster_link_round_trip_seconds',
      help: 'How long the last ping over the bus took, there and back.',
      kind: 'gauge',
      labels: ['to'],
      collect: () =>
        bus
          .links()
          .flatMap(({ to, roundTripMs }): Sample[] =>
            roundTripMs === undefined ? [] : [{ labels: { to: memberName(to.member) }, value: roundTripMs / 1000 }],
          ),
    },
    {
      name: 'hubfarm_cluster_is_controller',
      help: '1 on the controller.',
      kind: 'gauge',
      collect: () => Number(election.isController()),
    },
    {
      name: 'hubfarm_cluster_engine_up',
      help: '1 while the store of the cluster answers this member.',
      kind: 'gauge',
      collect: () => Number(shared.state() === 'ok'),
    },
    {
      name: 'hubfarm_cluster_dynamic_hubs',
      help: 'Dynamic Virtual Hubs that live somewhere in the cluster.',
      kind: 'gauge',
      collect: () => objectDirectory.list().length,
    },
    {
      name: 'hubfarm_cluster_points',
      help: 'Points of this member: where most are, sessions are placed.',
      kind: 'gauge',
      collect: () => registry.find(registry.self.id)?.load?.points ?? 0,
    },
    {
      name: 'hubfarm_cluster_tickets_taken_total',
      help: 'Sessions that the controller has placed here.',
      kind: 'counter',
      collect: () => counts().ticketsTaken,
    },
    ...busMetrics,
  ];
}
