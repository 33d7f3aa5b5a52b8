/**
 * What switching costs, in memory: parse a chunk, learn, look up, copy, hand out the output. Prints the median of
 * nanoseconds per frame received, over all chunks. `node -C hubfarm-source bench/switch.ts [part of a case's name]`
 */
import {
  createHubEnvironment,
  defaultPolicy,
  VirtualHub,
  withoutBridging,
  type AttachedSession,
  type HubPort,
  type Policy,
} from '#hub';
import { BlockReader } from '../src/softether/codec/block-reader.ts';
import { writeFrame, switchCases, type SwitchCase } from './switch-cases.ts';
import { benchHub } from './bench-hub.ts';

const warmUps = 20;
const rounds = 40;

function main(wanted: string): void {
  for (const theCase of switchCases()) {
    if (!theCase.name.includes(wanted)) continue;
    const push = build(theCase);
    const { chunks, frames, name } = theCase;
    const framesPerChunk = frames / chunks.length;
    for (let round = 0; round < warmUps; round++) for (const chunk of chunks) push(chunk);
    // Each chunk is timed: on a busy machine a chunk is rarely interrupted, a whole round nearly always.
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const chunk of chunks) {
        const start = performance.now();
        push(chunk);
        times.push(((performance.now() - start) * 1e6) / framesPerChunk);
      }
    }
    times.sort((a, b) => a - b);
    const at = (share: number): string => times[Math.floor(times.length * share)]!.toFixed(1);
    console.log(`${at(0.5).padStart(8)} ns  (best tenth ${at(0.1)})  ${name}`);
  }
}

/** Returns what feeds one chunk to port 0 and drains the outputs, as a read callback does. */
function build(theCase: SwitchCase): (chunk: Buffer) => void {
  const environment = createHubEnvironment(
    {
      nowMs: () => performance.now(),
      wallMs: () => Date.now(),
      after: () => ({ cancel: () => undefined }),
      every: () => ({ cancel: () => undefined }),
      soon: () => undefined,
    },
    1,
  );
  const hub = new VirtualHub(benchHub, environment);
  const policy = { ...defaultPolicy, NoBroadcastLimiter: true };
  const ports = Array.from({ length: theCase.ports }, (_, n) =>
    attach(hub, n, n === 0 && theCase.isLimited ? withoutBridging(policy) : policy),
  );
  for (const [n, port] of ports.entries()) if (theCase.isLearned || n === 0) announce(port, n);
  const first = ports[0]!;
  const reader = new BlockReader(
    { run: (buf, from, to, frames) => first.receive(buf, from, to, frames) },
    { pool: environment.pools.small },
  );
  return (chunk) => {
    reader.push(chunk);
    first.endOfRead();
  };
}

function attach(hub: VirtualHub, n: number, policy: Policy): HubPort {
  const session: AttachedSession = {
    name: `SID-BENCH-${n}`,
    kind: 'client',
    userName: `u${n}`,
    policy,
    info: () => {
      throw new Error('not asked for here');
    },
    disconnect: () => undefined,
    flush: () => {
      while (port.pending) port.release(port.take());
    },
  };
  const port = hub.attach(session);
  return port;
}

function announce(port: HubPort, n: number): void {
  const record = Buffer.alloc(4 + 60);
  record.writeUInt32BE(60, 0);
  writeFrame(record, 4, 60, n, n);
  port.receive(record, 0, record.length, 1);
}

main(process.argv[2] ?? '');
