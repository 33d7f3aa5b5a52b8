/**
 * hubfarm's relay alone, with calls that a bench has laid out: `node -C hubfarm-source bench/media/relay-host.ts WAY CALLS RELAY A B`,
 * WAY = kernel, epoll, at-once (epoll that never gathers) or plain. Party a of call i is A:20000+2i and sends to
 * RELAY:30000+2i, party b is B:20000+2i and sends to RELAY:40000+2i. Prints `ready`; at SIGTERM what was forwarded, as JSON.
 */
import { silentLogger } from '#base';
import { createNodeIo, createNodeMediaSockets } from '#io/node';
import { openMediaRelay } from '../../src/media/relay/open-relay.ts';
import type { SidePlan } from '../../src/media/relay/relay.ts';

const [way = 'epoll', calls = '250', relayAddress = '', a = '', b = ''] = process.argv.slice(2);
const io = createNodeIo();
const datagrams = await io.datagrams('plain');
const atOnce = (): Promise<Awaited<ReturnType<typeof createNodeMediaSockets>>> =>
  createNodeMediaSockets(io.clock, Infinity);
const relay = openMediaRelay({
  ...io,
  sockets: await (way === 'at-once' ? atOnce() : io.mediaSockets(way === 'plain' ? 'plain' : 'epoll')),
  netfilter: await io.netfilter(),
  logger: { ...silentLogger, warn: (fields, message) => console.error(message, fields) },
  kernel: way === 'kernel' ? 'auto' : 'off',
  token: 'bench',
  pid: process.pid,
  typeOfService: undefined,
  ownAddresses: () => datagrams.interfaceAddresses().map(({ address }) => address),
});

const side = (localPort: number, address: string, port: number): SidePlan => ({
  local: { address: relayAddress, port: localPort },
  remote: { address, port },
  remoteControl: { address, port: port + 1 },
  learn: { addresses: [address], isAnySourceAccepted: false },
  isDeaf: false,
});

for (let i = 0; i < Number(calls); i++) {
  const sides = { a: side(30_000 + 2 * i, a, 20_000 + 2 * i), b: side(40_000 + 2 * i, b, 20_000 + 2 * i) };
  const plan = { streams: [{ kind: 'rtp', ...sides, isMuxed: false }], timeoutMs: Infinity } as const;
  const opened = relay.open(plan, { idle: () => undefined, failed: (reason) => console.error(reason) });
  if (opened.kind === 'refused') throw new Error(opened.reason);
}
process.once('SIGTERM', () => {
  console.log(JSON.stringify({ ...relay.figures(), means: relay.means }));
  process.exit();
});
console.log('ready');
