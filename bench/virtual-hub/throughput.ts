/**
 * Two real SoftEther clients through hubfarm and through Debian's vpnserver, in turn, on one machine:
 *
 *     node -C hubfarm-source bench/virtual-hub/throughput.ts [rounds] [seconds]      as root
 *
 * Clients, servers and iperf3 share the machine's cores, so bits per second say what was left over; CPU per unit is the
 * dependable figure.
 */
import { argv } from 'node:process';
import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { iperf } from '../../test/interop/iperf.ts';
import { Network } from '../../test/interop/namespaces.ts';
import { cpuSeconds } from '../../test/interop/process.ts';
import { VpnClient } from '../../test/interop/vpn-client.ts';
import { VpnServer } from '../../test/interop/vpn-server.ts';
import { comparisonTable, quantile, type Comparison } from '../medians.ts';

const rounds = Number(argv[2] ?? 3);
const seconds = Number(argv[3] ?? 3);
const hub = 'BENCH';

/** A server with two clients on it, all up for the whole run. */
interface Setup {
  readonly name: string;
  readonly server: HubfarmServer | VpnServer;
  readonly serverPid: () => number;
  readonly clients: readonly [VpnClient, VpnClient];
}

const addresses = ['192.168.9.1', '192.168.9.2'] as const;

async function setUp(network: Network, name: string, server: HubfarmServer | VpnServer): Promise<Setup> {
  await server.start();
  await server.admin.createHub(hub);
  const clients = [0, 1].map((index) => new VpnClient(network.host(`${name}-${index}`)));
  for (const [index, client] of clients.entries()) {
    const user = `user${index}`;
    await server.admin.createUser(hub, user, 'word');
    await client.start();
    const at = `${server.host.address}:443`;
    await client.createAccount({ name: 'bench', server: at, hub, user, password: 'word' });
    await client.host.configure(client.device, `${addresses[index]!}/24`);
    await client.mustConnect('bench');
  }
  const [first, second] = clients as [VpnClient, VpnClient];
  await first.host.reaches(addresses[1]);
  const serverPid = (): number => (server instanceof VpnServer ? server.daemon.pid : server.pid);
  return { name, server, serverPid, clients: [first, second] };
}

interface Cpu {
  readonly server: number;
  readonly clients: number;
}

const cpuOf = ({ serverPid, clients }: Setup): Cpu => ({
  server: cpuSeconds(serverPid()),
  clients: clients.reduce((sum, client) => sum + cpuSeconds(client.daemon.pid), 0),
});

async function during<T>(setup: Setup, run: () => Promise<T>): Promise<{ result: T; cpu: Cpu }> {
  const before = cpuOf(setup);
  const result = await run();
  const after = cpuOf(setup);
  return { result, cpu: { server: after.server - before.server, clients: after.clients - before.clients } };
}

type Figures = Record<string, number>;

async function bulk(setup: Setup, streams: number): Promise<Figures> {
  const [from, to] = setup.clients;
  const { result, cpu } = await during(setup, () => iperf(from.host, to.host, addresses[1], { seconds, streams }));
  const gigabytes = result.bytes / 1e9;
  return {
    [`TCP x${streams}|Gbit/s`]: result.bitsPerSecond / 1e9,
    [`TCP x${streams}, server|CPU-s/GB`]: cpu.server / gigabytes,
    [`TCP x${streams}, both clients|CPU-s/GB`]: cpu.clients / gigabytes,
  };
}

async function flood(setup: Setup): Promise<Figures> {
  const [from, to] = setup.clients;
  const udp = { bitsPerSecond: 400e6, packetBytes: 64 };
  const { result, cpu } = await during(setup, () => iperf(from.host, to.host, addresses[1], { seconds, udp }));
  const received = result.packets - result.lostPackets;
  return {
    'UDP 64 B flood|packets/s received': received / result.seconds,
    'UDP 64 B flood, server|us/packet received': (cpu.server * 1e6) / received,
    'UDP 64 B flood, both clients|us/packet received': (cpu.clients * 1e6) / received,
  };
}

async function paced(setup: Setup): Promise<Figures> {
  const [from, to] = setup.clients;
  const udp = { bitsPerSecond: 100e6, packetBytes: 1200 };
  const { result, cpu } = await during(setup, () => iperf(from.host, to.host, addresses[1], { seconds, udp }));
  return { 'UDP 1200 B at 100 Mbit/s, server|us/packet': (cpu.server * 1e6) / (result.packets - result.lostPackets) };
}

async function latency(setup: Setup): Promise<Figures> {
  const [from, to] = setup.clients;
  const idle = await from.host.ping(addresses[1], { count: 300, intervalMs: 5 });
  const load = iperf(from.host, to.host, addresses[1], { seconds: 3 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const busy = await from.host.ping(addresses[1], { count: 400, intervalMs: 5 });
  await load;
  return {
    'ping, idle, p50|ms': quantile(idle.roundTripMs, 0.5),
    'ping, idle, p99|ms': quantile(idle.roundTripMs, 0.99),
    'ping under bulk, p50|ms': quantile(busy.roundTripMs, 0.5),
    'ping under bulk, p99|ms': quantile(busy.roundTripMs, 0.99),
  };
}

const goals: Readonly<Record<string, string>> = {
  'TCP x1|Gbit/s': '>= 1.1',
  'TCP x4|Gbit/s': '>= 1.1',
  'TCP x1, server|CPU-s/GB': '<= 0.65',
  'TCP x4, server|CPU-s/GB': '<= 0.65',
  'TCP x1, both clients|CPU-s/GB': '<= 1',
  'TCP x4, both clients|CPU-s/GB': '<= 1',
  'UDP 64 B flood, server|us/packet received': '<= 0.5',
  'ping under bulk, p99|ms': '<= 1',
};

async function measure(setup: Setup): Promise<Figures> {
  const parts = [
    await bulk(setup, 1),
    await bulk(setup, 4),
    await flood(setup),
    await paced(setup),
    await latency(setup),
  ];
  return Object.assign({}, ...parts) as Figures;
}

const network = new Network();
try {
  const setups = [
    await setUp(network, 'hubfarm', new HubfarmServer(network.host('hubfarm'))),
    await setUp(network, 'softether', new VpnServer(network.host('softether'))),
  ] as const;
  const measured: [Figures[], Figures[]] = [[], []];
  await measure(setups[0]).then(() => measure(setups[1]));
  for (let round = 1; round <= rounds; round++) {
    for (const [index, setup] of setups.entries()) {
      const figures = await measure(setup);
      measured[index]!.push(figures);
      console.error(`round ${round} ${setup.name}: ${JSON.stringify(figures)}`);
    }
  }
  const rows = Object.keys(measured[0][0]!).map((key): Comparison => {
    const [figure = '', unit = ''] = key.split('|');
    const goal = goals[key];
    const [ours, peers] = measured.map((all) => all.map((figures) => figures[key]!)) as [number[], number[]];
    return { figure, unit, ours, peers, ...(goal === undefined ? {} : { goal }) };
  });
  console.log(comparisonTable('SoftEther 5.01.9674', rows));
} finally {
  network.remove();
}
