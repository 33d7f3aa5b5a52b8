import type { FramePort } from '#softether';
import type { LoadOptions } from './options.ts';
import { isPart, runParts, sendPart } from './processes.ts';
import { CpuMeter, logInReport, report } from './report.ts';
import { pause, Swarm } from './swarm.ts';

/** Log-ins per second; then the sessions stay, idle but for their keep-alives. */
export async function loadLogIns(options: LoadOptions): Promise<boolean> {
  if (options.processes > 1 && !isPart()) return runParts(options);
  await warmUp(options);
  const swarm = new Swarm(options);
  const counts = { frames: 0 };
  const meter = new CpuMeter();
  const logIns = await swarm.logIn(options.sessions, options.concurrency, () => () => deafPort(counts));
  const cpuSeconds = meter.read().seconds;
  const values = logInReport(logIns, cpuSeconds);
  if (isPart()) sendPart({ kind: 'up', logIns, cpuSeconds });
  else report('up', values);
  const holding = new CpuMeter();
  await pause(options.holdSeconds * 1000);
  const held = { seconds: options.holdSeconds, up: swarm.up, lost: swarm.lost, clientCpu: holding.read() };
  await swarm.stop();
  if (isPart()) sendPart({ kind: 'held', up: held.up, lost: held.lost, frames: counts.frames });
  else report('login', { ...values, held, framesReceived: counts.frames });
  return logIns.failed === 0 && held.lost === 0;
}

/** Time for both sides to close what came and went, and for whoever measures the server to look at its clock. */
const afterWarmUpMs = 1_000;

async function warmUp(options: LoadOptions): Promise<void> {
  if (options.warmUpSessions === 0) return;
  const swarm = new Swarm(options);
  await swarm.logIn(options.warmUpSessions, options.concurrency, () => () => deafPort({ frames: 0 }));
  await swarm.stop();
  if (!isPart()) report('warm', {});
  await pause(afterWarmUpMs);
}

/** Takes what comes, and has nothing to send. */
export function deafPort(counts: { frames: number }): FramePort {
  return {
    pending: false,
    take: () => {
      throw new Error('nothing is pending');
    },
    release: () => undefined,
    receive: (_buf, _from, _to, frames) => void (counts.frames += frames),
    endOfRead: () => undefined,
    close: () => undefined,
  };
}
