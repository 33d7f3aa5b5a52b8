/**
 * hubfarm's relay alone, with calls that a bench has laid out: `node -C hubfarm-source bench/media/relay-host.ts WAY CALLS`,
 * WAY = kernel, epoll, at-once or plain. Party a of call i is 10.201.1.2:20000+2i and sends to 10.201.1.1:30000+2i, party b is
 * 10.201.2.2:20000+2i and sends to 10.201.2.1:40000+2i. Prints `ready`; at SIGTERM what was forwarded, as JSON.
 */
import { silentLogger } from '#base';
import { createNodeIo, createNodeMediaSockets } from '#io/node';
import { openMediaRelay } from '../../src/media/relay/open-relay.ts';
import type { RelaySession, SidePlan } from '../../src/media/relay/relay.ts';

const [way = 'epoll', calls = '250'] = process.argv.slice(2);
const io = createNodeIo();
const datagrams = await io.datagrams('plain');
const relay = openMediaRelay({
  ...io,
  sockets:
    way === 'at-once'
      ? await createNodeMediaSockets(io.clock, Infinity)
      : await io.mediaSockets(way === 'plain' ? 'plain' : 'epoll'),
  logger: { ...silentLogger, warn: (fields, message) => console.error(message, fields) },
  kernel: way === 'kernel' ? 'auto' : 'off',
  token: 'bench',
  pid: process.pid,
  typeOfService: undefined,
  ownAddresses: () => datagrams.interfaceAddresses().map(({ address }) => address),
});

const side = (local: string, localPort: number, remote: string, port: number): SidePlan => ({
  local: { address: local, port: localPort },
  remote: { address: remote, port },
  remoteControl: { address: remote, port: port + 1 },
  learn: { addresses: [remote], isAnySourceAccepted: false },
  isDeaf: false,
});

const sessions: RelaySession[] = [];
for (let i = 0; i < Number(calls); i++) {
  const a = side('10.201.1.1', 30_000 + 2 * i, '10.201.1.2', 20_000 + 2 * i);
  const b = side('10.201.2.1', 40_000 + 2 * i, '10.201.2.2', 20_000 + 2 * i);
  const plan = { streams: [{ kind: 'rtp', a, b, isMuxed: false }], timeoutMs: Infinity } as const;
  const opened = relay.open(plan, { idle: () => undefined, failed: (reason) => console.error(reason) });
  if (opened.kind === 'refused') throw new Error(opened.reason);
  sessions.push(opened);
}
process.once('SIGTERM', () => {
  const lost = sessions
    .flatMap((one) => one.counters())
    .map((one) => (one?.a.lostPackets ?? 0) + (one?.b.lostPackets ?? 0));
  console.log(
    JSON.stringify({ ...relay.figures(), lost: lost.reduce((sum, one) => sum + one, 0), means: relay.means }),
  );
  process.exit();
});
console.log('ready');
