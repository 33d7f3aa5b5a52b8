import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '#io';
import { hubMetrics } from '../../src/app/hub-metrics.ts';
import { Metrics } from '../../src/app/metrics.ts';
import { loopMetrics, processMetrics } from '../../src/app/process-metrics.ts';
import { softEtherMetrics } from '../../src/app/softether-metrics.ts';
import { newCounters } from '../../src/softether/counters.ts';

/** The exposition as `name{labels}` → value. */
async function scrape(metrics: Metrics): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

const traffic = {
  recvBroadcastBytes: 100,
  recvBroadcastCount: 1,
  recvUnicastBytes: 2000,
  recvUnicastCount: 20,
  sendBroadcastBytes: 300,
  sendBroadcastCount: 3,
  sendUnicastBytes: 4000,
  sendUnicastCount: 40,
};
const hub = { macEntryCount: 5, ipEntryCount: 6, traffic, droppedFrames: 7, floodedFrames: 8, macTableFullFrames: 9 };

describe('metrics', () => {
  test('are asked for at each scrape, and forget what is gone', async () => {
    const metrics = new Metrics();
    let hubs = ['A', 'B'];
    metrics.add({
      name: 'test_sessions',
      help: 'x',
      kind: 'gauge',
      labels: ['hub'],
      collect: () => hubs.map((name, at) => ({ labels: { hub: name }, value: at + 1 })),
    });
    expect(await scrape(metrics)).toMatchObject({ 'test_sessions{hub="A"}': 1, 'test_sessions{hub="B"}': 2 });
    hubs = ['B'];
    const second = await scrape(metrics);
    expect(second['test_sessions{hub="B"}']).toBe(1);
    expect(second).not.toHaveProperty('test_sessions{hub="A"}');
  });

  test('of a counter show what it counts, not the sum of the scrapes', async () => {
    const metrics = new Metrics();
    metrics.add({ name: 'test_total', help: 'x', kind: 'counter', collect: () => 5 });
    await scrape(metrics);
    expect(await scrape(metrics)).toMatchObject({ test_total: 5 });
  });

  test('have a cap of samples, and say how many are left out', async () => {
    const metrics = new Metrics();
    const collect = () => Array.from({ length: 2010 }, (_, at) => ({ labels: { hub: `H${at}` }, value: at }));
    metrics.add({ name: 'test_hubs', help: 'x', kind: 'gauge', labels: ['hub'], collect });
    expect(Object.keys(await scrape(metrics)).filter((name) => name.startsWith('test_hubs'))).toHaveLength(2000);
    expect(await scrape(metrics)).toMatchObject({ hubfarm_metrics_samples_left_out: 10 });
  });

  test('of two servers in one process do not mix', async () => {
    const [first, second] = [new Metrics(), new Metrics()];
    first.add({ name: 'test', help: 'x', kind: 'gauge', collect: () => 1 });
    second.add({ name: 'test', help: 'x', kind: 'gauge', collect: () => 2 });
    expect(await scrape(first)).toMatchObject({ test: 1 });
    expect(await scrape(second)).toMatchObject({ test: 2 });
  });

  test('quote what a label holds', async () => {
    const metrics = new Metrics();
    metrics.addAll(hubMetrics({ instances: () => [{ ...hub, name: 'A"\n\\', sessionCount: 1 }] }));
    expect(await metrics.text()).toContain('hubfarm_hub_sessions{hub="A\\"\\n\\\\"} 1\n');
  });

  test('of the SoftEther server name each counter', async () => {
    const metrics = new Metrics();
    const counters = newCounters();
    metrics.addAll(softEtherMetrics(counters));
    counters.loginsRefused = 3;
    expect(await scrape(metrics)).toMatchObject({
      hubfarm_softether_logins_refused_total: 3,
      hubfarm_softether_connections_accepted_total: 0,
    });
    expect(await metrics.text()).toContain('# TYPE hubfarm_softether_logins_refused_total counter');
  });

  test('of hubs show each hub that is online', async () => {
    const metrics = new Metrics();
    const instances = () => [
      { ...hub, name: 'SMALL', sessionCount: 1 },
      { ...hub, name: 'LARGE', sessionCount: 2 },
    ];
    metrics.addAll(hubMetrics({ instances }));
    expect(await scrape(metrics)).toMatchObject({
      hubfarm_hubs_online: 2,
      'hubfarm_hub_sessions{hub="LARGE"}': 2,
      'hubfarm_hub_mac_entries{hub="SMALL"}': 5,
      'hubfarm_hub_ip_entries{hub="SMALL"}': 6,
      'hubfarm_hub_bytes_total{hub="LARGE",direction="in",cast="unicast"}': 2000,
      'hubfarm_hub_frames_total{hub="LARGE",direction="out",cast="broadcast"}': 3,
      'hubfarm_hub_dropped_frames_total{hub="LARGE"}': 7,
    });
    expect((await metrics.text()).indexOf('LARGE')).toBeLessThan((await metrics.text()).indexOf('SMALL'));
  });
});

describe('metrics of the process', () => {
  let stop = (): void => {};
  afterEach(() => stop());

  test('show CPU time, memory, delay and build', async () => {
    const metrics = new Metrics();
    const measured = loopMetrics();
    stop = measured.stop;
    metrics.addAll(processMetrics({ wallMs: () => 5000 } as Clock, { version: '1.2.3', node: '24.0.0' }));
    metrics.addAll(measured.metrics);
    const figures = await scrape(metrics);
    expect(figures['process_cpu_seconds_total{mode="user"}']).toBeGreaterThan(0);
    expect(figures['process_resident_memory_bytes']).toBeGreaterThan(1e7);
    expect(figures['hubfarm_event_loop_delay_seconds{quantile="0.99"}']).toBeGreaterThanOrEqual(0);
    expect(figures).toMatchObject({
      process_start_time_seconds: 5,
      'hubfarm_build_info{version="1.2.3",node="24.0.0"}': 1,
    });
  });
});
