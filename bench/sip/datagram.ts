/**
 * What receiving a datagram of 500 bytes and sending it back costs: microseconds of CPU of the process that does it, and
 * datagrams per second, for both kinds of UDP socket. A process of its own keeps so many datagrams under way.
 * `node -C hubfarm-source bench/sip/datagram.ts [outstanding,…] [rounds]`; medians of the rounds, kinds in turn.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Datagram, Datagrams } from '#io';
import { createNodeDatagrams, createPlainDatagrams } from '#io/node';

const kinds = { batched: createNodeDatagrams, plain: () => Promise.resolve(createPlainDatagrams()) } as const;
type Kind = keyof typeof kinds;
const warmUpMs = 700;
const measuredMs = 1_500;
const size = 500;

interface Measured {
  readonly microseconds: number;
  readonly perSecond: number;
  readonly perWakeUp: number;
}

const bind = (datagrams: Datagrams): Promise<Datagram> =>
  datagrams.bind({ host: '127.0.0.1', port: 0, receiveBufferBytes: 1 << 22 });

async function echo(kind: Kind): Promise<void> {
  const socket = await bind(await kinds[kind]());
  socket.receive({ received: (bytes, address, port) => socket.send(bytes, address, port) });
  process.send?.(socket.local.port);
  process.on('message', () => {
    const [cpu, counters, since] = [process.cpuUsage(), { ...socket.counters }, performance.now()];
    setTimeout(() => {
      const { user, system } = process.cpuUsage(cpu);
      const received = socket.counters.receivedDatagrams - counters.receivedDatagrams;
      const measured: Measured = {
        microseconds: (user + system) / received,
        perSecond: (received / (performance.now() - since)) * 1000,
        perWakeUp: received / (socket.counters.wakeUps - counters.wakeUps),
      };
      process.send?.(measured);
    }, measuredMs);
  });
}

/** Keeps `outstanding` datagrams under way; what got lost is sent again each 100 ms. */
async function drive(port: number, outstanding: number): Promise<void> {
  const socket = await bind(await createNodeDatagrams());
  const bytes = Buffer.alloc(size, 'x');
  let answered = false;
  let hasBegun = false;
  const fill = (): void => {
    for (let i = 0; i < outstanding; i++) socket.send(bytes, '127.0.0.1', port);
  };
  socket.receive({
    received: () => {
      if (!hasBegun) process.send?.('answered');
      hasBegun = true;
      answered = true;
      socket.send(bytes, '127.0.0.1', port);
    },
  });
  fill();
  setInterval(() => {
    if (!answered) fill();
    answered = false;
  }, 100);
}

async function measure(kind: Kind, outstanding: number): Promise<Measured> {
  const start = (...words: string[]): ChildProcess => fork(import.meta.filename, words);
  const server = start('echo', kind);
  const [port] = (await once(server, 'message')) as [number];
  const driver = start('drive', String(port), String(outstanding));
  await once(driver, 'message');
  await new Promise((resolve) => setTimeout(resolve, warmUpMs));
  server.send('measure');
  const [measured] = (await once(server, 'message')) as [Measured];
  for (const child of [server, driver]) child.kill();
  return measured;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function report(loads: readonly number[], rounds: number): Promise<void> {
  console.log('kind     outstanding   us/echo   echoes/s   datagrams/wake-up');
  for (const outstanding of loads) {
    const all: Record<Kind, Measured[]> = { batched: [], plain: [] };
    for (let round = 0; round < rounds; round++) {
      for (const kind of Object.keys(kinds) as Kind[]) all[kind].push(await measure(kind, outstanding));
    }
    for (const [kind, runs] of Object.entries(all)) {
      const of = (pick: (one: Measured) => number): number => median(runs.map(pick));
      const cells = [of((one) => one.microseconds).toFixed(2), of((one) => one.perSecond).toFixed(0)];
      const [microseconds = '', perSecond = ''] = cells;
      const perWakeUp = of((one) => one.perWakeUp).toFixed(1);
      console.log(
        `${kind.padEnd(8)} ${String(outstanding).padStart(11)} ${microseconds.padStart(9)} ${perSecond.padStart(10)} ${perWakeUp.padStart(19)}`,
      );
    }
  }
}

const [role = '8,128', first = '3', second = ''] = process.argv.slice(2);
if (role === 'echo') await echo(first as Kind);
else if (role === 'drive') await drive(Number(first), Number(second));
else await report(role.split(',').map(Number), Number(first));
