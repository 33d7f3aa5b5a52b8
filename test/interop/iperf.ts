import type { Host } from './namespaces.ts';

export interface IperfResult {
  /** As the receiving side counted it. */
  readonly bitsPerSecond: number;
  readonly bytes: number;
  readonly seconds: number;
  /** UDP only. */
  readonly lostPackets: number;
  readonly packets: number;
  readonly jitterMs: number;
}

interface Summary {
  readonly bits_per_second: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly lost_packets?: number;
  readonly packets?: number;
  readonly jitter_ms?: number;
}

interface Report {
  readonly error?: string;
  readonly end?: { readonly sum_received?: Summary; readonly sum?: Summary };
}

export interface IperfOptions {
  readonly seconds?: number;
  readonly streams?: number;
  /** The server sends. */
  readonly isReverse?: boolean;
  /** UDP at this rate, with packets of this many bytes; TCP without it. */
  readonly udp?: { readonly bitsPerSecond: number; readonly packetBytes: number };
}

/** One iperf3 run between two hosts, with a server that serves only this one. `address` is the server's. */
export async function iperf(
  client: Host,
  server: Host,
  address: string,
  options: IperfOptions = {},
): Promise<IperfResult> {
  const { seconds = 2, streams = 1, isReverse = false, udp } = options;
  const listener = server.start('iperf3', ['--server', '--one-off', '--bind', address]);
  try {
    await server.listens(5201, 10_000, () => listener.output);
    const args = ['--client', address, '--json', '--time', `${seconds}`, '--parallel', `${streams}`];
    if (isReverse) args.push('--reverse');
    if (udp) args.push('--udp', '--bitrate', `${udp.bitsPerSecond}`, '--length', `${udp.packetBytes}`);
    const { stdout } = await client.run('iperf3', args, { timeoutMs: (seconds + 30) * 1000 });
    const report = JSON.parse(stdout) as Report;
    const sum = report.end?.sum_received ?? report.end?.sum;
    if (report.error !== undefined || sum === undefined) throw new Error(`iperf3: ${report.error ?? stdout}`);
    return {
      bitsPerSecond: sum.bits_per_second,
      bytes: sum.bytes,
      seconds: sum.seconds,
      lostPackets: sum.lost_packets ?? 0,
      packets: sum.packets ?? 0,
      jitterMs: sum.jitter_ms ?? 0,
    };
  } finally {
    if (!listener.hasEnded) await listener.kill();
  }
}
