import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { EthernetDevice } from '#io';
import { createNodeClock, createNodeEthernet } from '#io/node';

/**
 * CPU per frame of Ethernet devices: this process passes frames between two devices whose far ends are in two network
 * namespaces, where iperf3 runs. Needs root and iperf3.
 *   node -C hubfarm-source bench/ethernet.ts [seconds]
 * What the receiver's TCP stack does runs inside our write, so it is in the figure.
 */
const seconds = Number(process.argv[2] ?? 4);
const prefix = `hfb${process.pid}`;
const [left, right] = [`${prefix}-a`, `${prefix}-b`];
const devices = createNodeEthernet({ clock: createNodeClock() });

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

function place(device: string, namespace: string, address: string): void {
  ip('link', 'set', device, 'netns', namespace);
  configure(device, namespace, address);
}

function configure(device: string, namespace: string, address: string): void {
  ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', device);
  ip('-n', namespace, 'link', 'set', device, 'up');
}

function pass(from: EthernetDevice, to: EthernetDevice): void {
  from.receive({
    frames: (records, start, end, count) => void to.send(records, start, end, count),
    closed: () => undefined,
  });
}

async function iperf(...options: string[]): Promise<string> {
  const within = (namespace: string, ...args: string[]): string[] => ['netns', 'exec', namespace, 'iperf3', ...args];
  const server = spawn('ip', within(right, '-s', '-1'), { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const args = within(left, '-c', '10.9.0.2', '-t', String(seconds), '-J', ...options);
  const client = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  client.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(client, 'close');
  server.kill();
  const { end } = JSON.parse(output) as {
    end: { sum_received?: { bits_per_second: number }; sum?: { bits_per_second: number } };
  };
  return `${(((end.sum_received ?? end.sum)?.bits_per_second ?? 0) / 1e9).toFixed(2)} Gbit/s`;
}

async function measure(name: string, pair: readonly EthernetDevice[], ...options: string[]): Promise<void> {
  const frames = (): number => pair.reduce((sum, device) => sum + (device.counters?.receivedFrames ?? 0), 0);
  const cpuUs = (): number => process.cpuUsage().user + process.cpuUsage().system;
  const [framesBefore, cpuBefore] = [frames(), cpuUs()];
  const rate = await iperf(...options);
  const passed = frames() - framesBefore;
  const perFrame = (cpuUs() - cpuBefore) / passed;
  console.log(`  ${name}: ${perFrame.toFixed(2)} µs CPU per frame, ${Math.round(passed / seconds)} frames/s, ${rate}`);
}

async function run(name: string, pair: readonly [EthernetDevice, EthernetDevice]): Promise<void> {
  console.log(name);
  pass(pair[0], pair[1]);
  pass(pair[1], pair[0]);
  await measure('TCP, 1 stream       ', pair);
  await measure('UDP, 78-byte frames ', pair, '-u', '-l', '36', '-b', '1G');
}

try {
  for (const namespace of [left, right]) ip('netns', 'add', namespace);
  const taps = [await devices.openTap('hfb0'), await devices.openTap('hfb1')] as const;
  place('hfb0', left, '10.9.0.1');
  place('hfb1', right, '10.9.0.2');
  await run('TAP ↔ TAP', taps);
  for (const device of taps) device.close();

  ip('link', 'add', 'hfb2', 'type', 'veth', 'peer', 'name', 'hfb3', 'netns', left);
  configure('hfb3', left, '10.9.0.1');
  const mixed = [await devices.openInterface('hfb2'), await devices.openTap('hfb4')] as const;
  place('hfb4', right, '10.9.0.2');
  await run('AF_PACKET on veth (its far end offloads) ↔ TAP', mixed);
  for (const device of mixed) device.close();
} finally {
  for (const namespace of [left, right]) spawnSync('ip', ['netns', 'del', namespace]);
}
