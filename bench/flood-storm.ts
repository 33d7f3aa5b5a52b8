/**
 * Many clients log in at once, and each new network card sends its ARP, ND and MLD frames to everybody. Counts writes
 * (flushes that had something to send) with and without the pacing of floods, in virtual time.
 * `node -C hubfarm-source bench/flood-storm.ts [sessions] [log-ins per second]`
 */
import {
  createHubEnvironment,
  defaultHubLimits,
  defaultPolicy,
  VirtualHub,
  type AttachedSession,
  type HubLimits,
  type HubPort,
} from '#hub';
import { VirtualClock } from '#io/sim';
import { writeFrame } from './switch-cases.ts';
import { benchHub } from './bench-hub.ts';

/** Seen with stock clients: frames of each new card, and within which time. */
const framesPerLogin = 9;
const spreadMs = 3_000;

interface Storm {
  readonly reads: number;
  readonly copies: number;
  readonly writes: number;
  readonly worstDelayMs: number;
  readonly cpuMs: number;
}

function main(sessions: number, loginsPerSecond: number): void {
  console.log(`${sessions} sessions, ${loginsPerSecond} log-ins/s, ${framesPerLogin} frames flooded by each`);
  for (const [name, limits] of [
    ['every flood at once', { ...defaultHubLimits, floodWritesPerSecond: Infinity }],
    ['paced', defaultHubLimits],
  ] as const) {
    const { reads, copies, writes, worstDelayMs, cpuMs } = storm(sessions, loginsPerSecond, limits);
    console.log(
      `${name.padEnd(20)} ${reads} reads, ${copies} copies, ${writes} writes, ` +
        `longest wait ${worstDelayMs.toFixed(0)} ms, ${cpuMs.toFixed(0)} ms CPU without the sockets`,
    );
  }
}

function storm(sessions: number, loginsPerSecond: number, limits: HubLimits): Storm {
  const clock = new VirtualClock();
  const hub = new VirtualHub(benchHub, createHubEnvironment(clock, 1, limits));
  const counts = { reads: 0, writes: 0, worstDelayMs: 0 };
  const start = process.cpuUsage();
  for (let n = 0; n < sessions; n++) {
    const loginMs = (n * 1000) / loginsPerSecond;
    clock.after(loginMs, () => {
      const port = attach(hub, clock, n, counts);
      for (let i = 0; i < framesPerLogin; i++) {
        clock.after((i * spreadMs) / framesPerLogin, () => {
          counts.reads++;
          flood(port, clock, n);
        });
      }
    });
  }
  clock.advance((sessions * 1000) / loginsPerSecond + spreadMs + 1_000);
  const { traffic } = hub;
  return { ...counts, copies: traffic.sendBroadcastCount, cpuMs: process.cpuUsage(start).user / 1000 };
}

function flood(port: HubPort, clock: VirtualClock, n: number): void {
  const record = Buffer.alloc(4 + 90);
  record.writeUInt32BE(90, 0);
  writeFrame(record, 4, 90, 0xff_ffff, n);
  record.writeDoubleBE(clock.nowMs(), 60);
  port.receive(record, 0, record.length, 1);
  port.endOfRead();
}

function attach(
  hub: VirtualHub,
  clock: VirtualClock,
  n: number,
  counts: { writes: number; worstDelayMs: number },
): HubPort {
  const session: AttachedSession = {
    name: `SID-BENCH-${n}`,
    kind: 'client',
    userName: `u${n}`,
    policy: defaultPolicy,
    info: () => {
      throw new Error('not asked for here');
    },
    disconnect: () => undefined,
    flush: () => {
      while (port.pending) {
        const block = port.take();
        counts.writes++;
        counts.worstDelayMs = Math.max(counts.worstDelayMs, clock.nowMs() - block.readDoubleBE(4 + 60));
        port.release(block);
      }
    },
  };
  const port = hub.attach(session);
  return port;
}

main(Number(process.argv[2] ?? 300), Number(process.argv[3] ?? 50));
