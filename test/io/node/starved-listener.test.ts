import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { event, Inbox } from './loopback.ts';
import { RawPeer } from './raw-peer.ts';

test('a listener without file descriptors says so, stays up, and goes on when there is room again', async () => {
  const program = join(import.meta.dirname, 'starved-listener.ts');
  const command = `ulimit -n 48 && exec "${process.execPath}" -C hubfarm-source "${program}"`;
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = new Inbox<string>();
  createInterface(child.stdout).on('line', (line) => lines.put(line));
  const port = Number((await lines.take()).replace('port ', ''));
  expect(port).toBeGreaterThan(0);

  const silent = Array.from({ length: 60 }, () => new RawPeer(port));
  expect(await lines.take()).toMatch(/^troubled connection refused: 4\d of 48 files are open: raise the limit/);

  for (const peer of silent) peer.socket.destroy();
  const client = await retried(async () => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await event(socket, 'secureConnect');
    return socket;
  });
  client.destroy();
  for (let line = await lines.take(); line !== 'connected'; line = await lines.take()) {
    // At most one a second, however many connections were refused.
    expect(line).toMatch(/^troubled/);
  }
});

/** The first connections may still meet the last of the shortage. */
async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let times = 0; times < 20; times++) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return attempt();
}
