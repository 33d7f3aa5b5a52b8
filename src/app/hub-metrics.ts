import type { VirtualHub } from '#hub';
import type { Metric, Sample } from './metrics.ts';

type MeasuredHub = Pick<
  VirtualHub,
  | 'name'
  | 'sessionCount'
  | 'macEntryCount'
  | 'ipEntryCount'
  | 'traffic'
  | 'droppedFrames'
  | 'floodedFrames'
  | 'macTableFullFrames'
>;

/** The hubs that are online here. Those with most sessions come first, for a monitoring that takes only so many. */
export function hubMetrics(host: { readonly instances: () => readonly MeasuredHub[] }): Metric[] {
  const perHub = (figure: (hub: MeasuredHub) => readonly Sample[]): (() => readonly Sample[]) => {
    return () => {
      const hubs = [...host.instances()].sort((a, b) => b.sessionCount - a.sessionCount);
      return hubs.flatMap((hub) =>
        figure(hub).map(({ labels, value }) => ({ labels: { hub: hub.name, ...labels }, value })),
      );
    };
  };
  const one = (figure: (hub: MeasuredHub) => number) => perHub((hub) => [{ labels: {}, value: figure(hub) }]);
  const labels = ['hub'];
  const directions = ['hub', 'direction', 'cast'];
  return [
    {
      name: 'hubfarm_hubs_online',
      help: 'Virtual Hubs online on this server.',
      kind: 'gauge',
      collect: () => host.instances().length,
    },
    {
      name: 'hubfarm_hub_sessions',
      help: 'Sessions of the hub.',
      kind: 'gauge',
      labels,
      collect: one((hub) => hub.sessionCount),
    },
    {
      name: 'hubfarm_hub_mac_entries',
      help: 'MAC addresses that the hub knows.',
      kind: 'gauge',
      labels,
      collect: one((hub) => hub.macEntryCount),
    },
    {
      name: 'hubfarm_hub_ip_entries',
      help: 'IP addresses that the hub knows.',
      kind: 'gauge',
      labels,
      collect: one((hub) => hub.ipEntryCount),
    },
    {
      name: 'hubfarm_hub_bytes_total',
      help: 'Bytes of frames, as the hub sees them: in from sessions, out to sessions.',
      kind: 'counter',
      labels: directions,
      collect: perHub(({ traffic }) => [
        castSample('in', 'unicast', traffic.recvUnicastBytes),
        castSample('in', 'broadcast', traffic.recvBroadcastBytes),
        castSample('out', 'unicast', traffic.sendUnicastBytes),
        castSample('out', 'broadcast', traffic.sendBroadcastBytes),
      ]),
    },
    {
      name: 'hubfarm_hub_frames_total',
      help: 'Frames, as the hub sees them: in from sessions, out to sessions.',
      kind: 'counter',
      labels: directions,
      collect: perHub(({ traffic }) => [
        castSample('in', 'unicast', traffic.recvUnicastCount),
        castSample('in', 'broadcast', traffic.recvBroadcastCount),
        castSample('out', 'unicast', traffic.sendUnicastCount),
        castSample('out', 'broadcast', traffic.sendBroadcastCount),
      ]),
    },
    {
      name: 'hubfarm_hub_dropped_frames_total',
      help: 'Frames dropped since a session did not take them fast enough.',
      kind: 'counter',
      labels,
      collect: one((hub) => hub.droppedFrames),
    },
    {
      name: 'hubfarm_hub_flooded_frames_total',
      help: 'Frames sent to all sessions.',
      kind: 'counter',
      labels,
      collect: one((hub) => hub.floodedFrames),
    },
    {
      name: 'hubfarm_hub_mac_table_full_frames_total',
      help: 'Frames dropped since the MAC table was full.',
      kind: 'counter',
      labels,
      collect: one((hub) => hub.macTableFullFrames),
    },
  ];
}

const castSample = (direction: string, cast: string, value: number): Sample => ({ labels: { direction, cast }, value });
