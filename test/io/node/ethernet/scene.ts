import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Namespaces, type Namespace } from './namespaces.ts';

const canMakeNamespaces = process.getuid?.() === 0 && existsSync('/dev/net/tun');

/** One computer with devices, and what it is connected to; each test has its own. */
export interface Scene {
  readonly host: Namespace;
  /** A namespace into which a device of the host is moved, with this address. */
  far(name: string, device: string, cidr: string): Namespace;
  /** A namespace at the other end of a cable from `device` of the host; its own end is `<name>0`. */
  cabled(name: string, device: string, cidr: string): Namespace;
  /** One more namespace, with nothing in it. */
  empty(name: string): Namespace;
}

/** Tests that need namespaces and TAP. Where they cannot run, one line says so; in CI that is a failure. */
export function describeInNamespaces(name: string, body: (scene: () => Scene) => void): void {
  if (!canMakeNamespaces) {
    test(`${name}: did not run, because it needs root and /dev/net/tun`, () => {
      expect(process.env['CI']).not.toBe('true');
    });
    return;
  }
  describe(name, () => {
    let spaces: Namespaces;
    let scene: Scene;
    beforeEach(() => {
      spaces = new Namespaces();
      scene = newScene(spaces);
    });
    afterEach(() => spaces.remove());
    body(() => scene);
  });
}

function newScene(spaces: Namespaces): Scene {
  const host = spaces.add('host');
  return {
    host,
    far: (name, device, cidr) => {
      const space = spaces.add(name);
      host.ip(`link set ${device} netns ${space.name}`);
      space.configure(device, cidr);
      return space;
    },
    cabled: (name, device, cidr) => {
      const space = spaces.add(name);
      host.ip(`link add ${device} type veth peer name ${name}0 netns ${space.name}`);
      host.ip(`link set ${device} up`);
      space.configure(`${name}0`, cidr);
      return space;
    },
    empty: (name) => spaces.add(name),
  };
}

function transferProcess(space: Namespace, ...args: string[]): ChildProcessByStdio<null, Readable, null> {
  const script = join(import.meta.dirname, 'transfer.ts');
  const command = ['netns', 'exec', space.name, process.execPath, script, ...args];
  return spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Sends `bytes` by TCP and some datagrams by UDP; both ends must agree on what arrived. */
export async function transfer(from: Namespace, to: Namespace, address: string, bytes: number): Promise<void> {
  const server = transferProcess(to, 'serve', address);
  try {
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => String((await lines.next()).value);
    const port = (await next()).replace('port ', '');
    const client = transferProcess(from, 'send', address, port, String(bytes));
    const sent: string[] = [];
    for await (const line of createInterface({ input: client.stdout })) sent.push(line);
    expect(sent).toEqual([await next(), 'udp 5']);
  } finally {
    server.kill();
  }
}
