import { gather } from './gather.ts';
import type { LoadOptions } from './options.ts';
import { CountingPort, FloodPort } from './ports.ts';
import { CpuMeter, report, rounded } from './report.ts';
import { blockOf, datagram, station } from './stations.ts';
import { pause, Swarm } from './swarm.ts';

/** What is on its way when the senders stop may still arrive. */
const drainMs = 500;

/** Each sender sends to the receivers in turn, a block to each, as fast as its connections take it. */
export async function loadFlood(options: LoadOptions): Promise<boolean> {
  const { senders, receivers, size, batch, seconds } = options;
  const swarm = new Swarm(options);
  const sending = Array.from({ length: senders }, () => new FloodPort());
  const receiving = Array.from({ length: receivers }, () => new CountingPort());
  const ports = [...sending, ...receiving];
  if (!(await gather(swarm, ports, options))) return false;

  const framesBefore = receiving.reduce((sum, port) => sum + port.receivedFrames, 0);
  const meter = new CpuMeter();
  const startedMs = performance.now();
  for (const [index, port] of sending.entries()) {
    const blocks = receiving.map((_, to) => {
      const frame = datagram(station(index), station(senders + to), size);
      return blockOf(Array.from({ length: batch }, () => frame));
    });
    port.start(blocks);
  }
  await pause(seconds * 1000);
  for (const port of sending) port.stop();
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const receivedInTime = receiving.reduce((sum, port) => sum + port.receivedFrames, 0) - framesBefore;
  const clientCpu = meter.read();
  await pause(drainMs);
  const received = receiving.reduce((sum, port) => sum + port.receivedFrames, 0) - framesBefore;
  const sent = sending.reduce((sum, port) => sum + port.sentBlocks, 0) * batch;
  const { lost } = swarm;
  await swarm.stop();
  report('flood', {
    ...{ senders, receivers, size, batch, connections: options.connections },
    seconds: rounded(tookSeconds, 3),
    sentFrames: sent,
    receivedFrames: received,
    sentFramesPerSecond: Math.round(sent / tookSeconds),
    receivedFramesPerSecond: Math.round(receivedInTime / tookSeconds),
    receivedMbitPerSecond: rounded((receivedInTime * size * 8) / tookSeconds / 1e6, 1),
    lostShare: rounded(1 - received / Math.max(sent, 1), 4),
    clientCpu,
    lostSessions: lost,
  });
  return lost === 0 && received > 0;
}
