import { gather } from './gather.ts';
import type { LoadOptions } from './options.ts';
import { LoadPort } from './ports.ts';
import { CpuMeter, quantiles, report, rounded } from './report.ts';
import { blockOf, datagram, station } from './stations.ts';
import { pause, Swarm } from './swarm.ts';

const tickMs = 1;
const drainMs = 500;
/** Where the time of sending stands in a frame: behind the UDP header. */
const timeOffset = 42;
const minSize = timeOffset + 8;
const maxSamples = 2_000_000;

/** Reads the time in each frame that comes. */
class StopwatchPort extends LoadPort {
  readonly latenciesMs: number[] = [];

  override receive(buf: Buffer, from: number, to: number, frames: number): void {
    super.receive(buf, from, to, frames);
    const nowMs = performance.now();
    for (let at = from; at < to;) {
      const size = buf.readUInt32BE(at);
      // announcements of the stations are shorter, or have no time in them
      const sentMs = size >= minSize ? buf.readDoubleBE(at + 4 + timeOffset) : 0;
      if (sentMs > 0 && sentMs <= nowMs && this.latenciesMs.length < maxSamples) this.latenciesMs.push(nowMs - sentMs);
      at += 4 + size;
    }
  }
}

/** Frames at a steady rate from each sender to the receivers in turn; how long they take, here to here. */
export async function loadPace(options: LoadOptions): Promise<boolean> {
  const { senders, receivers, rate, seconds } = options;
  const size = Math.max(options.size, minSize);
  const swarm = new Swarm(options);
  const sending = Array.from({ length: senders }, () => new StopwatchPort());
  const receiving = Array.from({ length: receivers }, () => new StopwatchPort());
  const ports = [...sending, ...receiving];
  if (!(await gather(swarm, ports, options))) return false;
  for (const port of receiving) port.latenciesMs.length = 0;
  const framesBefore = receiving.reduce((sum, port) => sum + port.receivedFrames, 0);

  const meter = new CpuMeter();
  const startedMs = performance.now();
  let sentOfEach = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - startedMs;
      if (elapsedMs >= seconds * 1000) {
        clearInterval(timer);
        resolve();
        return;
      }
      const due = Math.floor((elapsedMs / 1000) * rate) - sentOfEach;
      if (due <= 0) return;
      for (const [index, port] of sending.entries()) port.send(blockFor(index, due));
      sentOfEach += due;
    }, tickMs);
  });
  function blockFor(sender: number, count: number): Buffer {
    return blockOf(
      Array.from({ length: count }, (_, n) => {
        const to = station(senders + ((sentOfEach + n) % receivers));
        const frame = datagram(station(sender), to, size);
        frame.writeDoubleBE(performance.now(), timeOffset);
        return frame;
      }),
    );
  }
  const clientCpu = meter.read();
  await pause(drainMs);
  const sent = sentOfEach * senders;
  const received = receiving.reduce((sum, port) => sum + port.receivedFrames, 0) - framesBefore;
  const latencies = Float64Array.from(receiving.flatMap((port) => port.latenciesMs)).sort();
  const refusedBlocks = sending.reduce((sum, port) => sum + port.refusedBlocks, 0);
  const { lost } = swarm;
  await swarm.stop();
  report('pace', {
    ...{ senders, receivers, size, rate, seconds, connections: options.connections },
    sentFrames: sent,
    receivedFrames: received,
    lostShare: rounded(1 - received / Math.max(sent, 1), 4),
    latencyMs: quantiles(latencies),
    refusedBlocks,
    clientCpu,
    lostSessions: lost,
  });
  return lost === 0 && received > 0;
}
