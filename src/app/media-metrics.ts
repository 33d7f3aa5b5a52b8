import type { MediaFigures } from '#media';
import type { Metric, Sample } from './metrics.ts';

/** What the media of calls count; nothing where they are not relayed. */
export function mediaMetrics(figures: () => MediaFigures | undefined): readonly Metric[] {
  const counted = (samples: (figures: MediaFigures) => readonly Sample[]) => (): readonly Sample[] => {
    const now = figures();
    return now === undefined ? [] : samples(now);
  };
  return [
    {
      name: 'hubfarm_media_calls',
      help: 'Calls whose media are relayed now.',
      kind: 'gauge',
      collect: counted(({ calls }) => alone(calls)),
    },
    {
      name: 'hubfarm_media_streams',
      help: 'Streams that are relayed now, by who forwards them.',
      kind: 'gauge',
      labels: ['by'],
      collect: counted(({ relay: { streams, kernelStreams } }) => [
        { labels: { by: 'kernel' }, value: kernelStreams },
        { labels: { by: 'server' }, value: streams - kernelStreams },
      ]),
    },
    {
      name: 'hubfarm_media_relayed_calls_total',
      help: 'Calls whose media were relayed, by the reason.',
      kind: 'counter',
      labels: ['reason'],
      collect: counted(({ relayed }) =>
        Object.entries(relayed).map(([reason, value]) => ({ labels: { reason }, value })),
      ),
    },
    {
      name: 'hubfarm_media_taken_over_total',
      help: 'Relayed calls of members that had died, or of this one before it was started again, that go on here.',
      kind: 'counter',
      collect: counted(({ takenOver }) => alone(takenOver)),
    },
    {
      name: 'hubfarm_media_failures_total',
      help: 'Calls whose media went wrong: full = should have been relayed and were not, silent = nothing came from either side any more, failed = the relay broke, empty = ended without a packet.',
      kind: 'counter',
      labels: ['why'],
      collect: counted(({ full, silent, failed, withoutPackets }) =>
        Object.entries({ full, silent, failed, empty: withoutPackets }).map(([why, value]) => ({
          labels: { why },
          value,
        })),
      ),
    },
    {
      name: 'hubfarm_media_packets_total',
      help: 'Packets of media that came: relayed, or dropped (not of the call, not valid, nowhere to go).',
      kind: 'counter',
      labels: ['fate'],
      collect: counted(({ relay: { packets, droppedPackets } }) => [
        { labels: { fate: 'relayed' }, value: packets },
        { labels: { fate: 'dropped' }, value: droppedPackets },
      ]),
    },
    {
      name: 'hubfarm_media_octets_total',
      help: 'Payload of the relayed packets, RTP header included.',
      kind: 'counter',
      collect: counted(({ relay: { octets } }) => alone(octets)),
    },
    {
      name: 'hubfarm_media_port_pairs',
      help: 'Pairs of ports for media.',
      kind: 'gauge',
      labels: ['state'],
      collect: counted(({ ports: { taken, total } }) => [
        { labels: { state: 'taken' }, value: taken },
        { labels: { state: 'free' }, value: total - taken },
      ]),
    },
  ];
}

const alone = (value: number): readonly Sample[] => [{ labels: {}, value }];
