import { expect, test } from 'vitest';
import { clusterMetrics } from '../../src/app/cluster-metrics.ts';
import type { ClusterPlace } from '../../src/app/member/cluster-place.ts';

test('how long the way to another member and back takes is told for each link that has been pinged', () => {
  const links = [
    { to: { member: 'beta/0', boot: 'b' }, state: 'up', roundTripMs: 1.5 },
    { to: { member: 'beta/1', boot: 'c' }, state: 'up', roundTripMs: undefined },
    { to: { member: 'gamma/2', boot: 'd' }, state: 'silent', roundTripMs: 40 },
  ];
  const place = { bus: { links: () => links } } as unknown as ClusterPlace;
  const metrics = clusterMetrics(place, { state: () => 'ok' }, () => ({ ticketsTaken: 0 }));
  const metric = metrics.find(({ name }) => name === 'hubfarm_cluster_link_round_trip_seconds');
  expect(metric?.collect()).toEqual([
    { labels: { to: 'beta' }, value: 0.0015 },
    { labels: { to: 'gamma/2' }, value: 0.04 },
  ]);
});
