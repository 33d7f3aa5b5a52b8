/**
 * The relay alone, as a process: `relay-process.ts WAY PLAN [PLAN…]`, WAY = kernel or user, PLAN = a `RelayPlan` as JSON. Prints
 * `ready`, and a line of JSON whenever it is asked (SIGUSR2) and when it ends (SIGTERM): its means and the counters. SIGHUP: the
 * next plan counts.
 */
import { silentLogger } from '#base';
import { createNodeIo } from '#io/node';
import { openMediaRelay } from '../../../src/media/relay/open-relay.ts';
import type { RelayPlan } from '../../../src/media/relay/relay.ts';

const [way, first = '', ...others] = process.argv.slice(2);
const parse = (text: string): RelayPlan => ({ ...(JSON.parse(text) as RelayPlan), timeoutMs: Infinity });
const io = createNodeIo();
const datagrams = await io.datagrams();
const relay = openMediaRelay({
  ...io,
  sockets: await io.mediaSockets(),
  netfilter: await io.netfilter(),
  logger: { ...silentLogger, warn: (_fields, message) => console.log(message) },
  kernel: way === 'kernel' ? 'auto' : 'off',
  token: 'test',
  pid: process.pid,
  typeOfService: 184,
  ownAddresses: () => datagrams.interfaceAddresses().map(({ address }) => address),
});
const session = relay.open(parse(first), { idle: () => console.log('idle'), failed: (reason) => console.log(reason) });
if (session.kind === 'refused') throw new Error(session.reason);
const say = (): void => console.log(JSON.stringify({ means: relay.means, streams: session.counters() }));
process.on('SIGUSR2', say);
process.on('SIGHUP', () => {
  const plan = others.shift();
  if (plan !== undefined) session.update(parse(plan));
  console.log('updated');
});
process.on('SIGTERM', () => {
  relay.stop();
  say();
  setTimeout(() => process.exit(), 50);
});
setInterval(() => undefined, 60_000);
console.log('ready');
