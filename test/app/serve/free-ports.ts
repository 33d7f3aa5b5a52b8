import { once } from 'node:events';
import { createServer } from 'node:net';

const highest = 60_000;
const lowest = 20_000;

/** The first of `count` ports in a row that were free a moment ago. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = lowest + Math.floor(Math.random() * (highest - lowest - count));
    const servers = Array.from({ length: count }, (_, n) => createServer().listen(first + n, '127.0.0.1'));
    const opened = await Promise.allSettled(servers.map((server) => once(server, 'listening')));
    await Promise.all(servers.filter(({ listening }) => listening).map((server) => once(server.close(), 'close')));
    if (opened.every(({ status }) => status === 'fulfilled')) return first;
  }
}
