import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Test files that run side by side take theirs from different parts of the range. */
const parts = 8;
const lowest = 10_000;
/** Above it the system takes ports for outgoing connections by itself, also one that a server of ours has just left. */
const [highest = 32_767] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')
  .split(/\s+/)
  .map((first) => Number(first) - 1);
const size = Math.floor((highest - lowest) / parts);
const part = Number(process.env['VITEST_POOL_ID'] ?? Math.ceil(Math.random() * parts)) % parts;
let next = Math.floor(Math.random() * size);

/** The first of `count` ports in a row that nobody has, on any address, and that nobody is given by chance. */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < size; tries++) {
    if (next + count > size) next = 0;
    const first = lowest + part * size + next;
    next += count;
    if (await areFree(first, count)) return first;
  }
  throw new Error(`no ${count} free ports in a row from ${lowest + part * size} on`);
}

export const freePort = (): Promise<number> => freePorts(1);

async function areFree(first: number, count: number): Promise<boolean> {
  const servers = Array.from({ length: count }, (_, n) => createServer().listen(first + n, '0.0.0.0'));
  const opened = await Promise.allSettled(servers.map((server) => once(server, 'listening')));
  await Promise.all(servers.filter(({ listening }) => listening).map((server) => once(server.close(), 'close')));
  return opened.every(({ status }) => status === 'fulfilled');
}
