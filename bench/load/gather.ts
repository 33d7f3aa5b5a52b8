import type { LoadOptions } from './options.ts';
import type { LoadPort } from './ports.ts';
import { CpuMeter, logInReport, report } from './report.ts';
import { station } from './stations.ts';
import { pause, type Swarm } from './swarm.ts';

/** All connections of all sessions. */
const completeMs = 40_000;
/** The hub learns, connections warm up. */
const warmUpMs = 300;

/**
 * Logs in a session for each of `ports`, reports how that went, and tells the hub their addresses. False: they are not
 * all there, and the swarm has been stopped.
 */
export async function gather(swarm: Swarm, ports: readonly LoadPort[], options: LoadOptions): Promise<boolean> {
  const starting = new CpuMeter();
  const logIns = await swarm.logIn(ports.length, options.concurrency, (index) => ports[index]!.open);
  await swarm.complete(completeMs);
  for (const [index, port] of ports.entries()) port.announce(station(index));
  report('up', logInReport(logIns, starting.read().seconds));
  if (logIns.failed > 0) {
    await swarm.stop();
    return false;
  }
  await pause(warmUpMs);
  return true;
}
