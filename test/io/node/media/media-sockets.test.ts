import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { MediaDatagram, MediaRemote, MediaSocket, MediaSockets } from '#io';
import { createNodeClock, createNodeMediaSockets, createPlainMediaSockets } from '#io/node';
import { afterEach, describe, expect, test } from 'vitest';

const closings: (() => void)[] = [];
afterEach(() => closings.splice(0).forEach((close) => close()));

/** A telephone of the runtime's own. */
class Phone {
  readonly heard: string[] = [];
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (bytes, from) => this.heard.push(`${bytes.toString()} from ${from.address}:${from.port}`));
    closings.push(() => socket.close());
  }

  static async at(host: string): Promise<Phone> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new Phone(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }
}

/** A port that was free a moment ago. */
async function freePort(host: string): Promise<number> {
  const phone = await Phone.at(host);
  const { port } = phone;
  phone.socket.close();
  closings.pop();
  return port;
}

const clock = createNodeClock();
const kinds = {
  'one epoll': () => createNodeMediaSockets(clock),
  'one epoll that gathers': () => createNodeMediaSockets(clock, 0),
  'the sockets of the runtime': () => Promise.resolve(createPlainMediaSockets(clock)),
} as const;

describe.each(Object.entries(kinds))('media sockets: %s', (name, create) => {
  /** Passes what comes from `one` on to `other`. */
  async function relay(
    host: string,
    one: Phone,
    other: Phone,
  ): Promise<{ in: MediaSocket; seen: string[]; sockets: MediaSockets }> {
    const sockets = await create();
    const [from, to] = [sockets.remote(host, one.port)!, sockets.remote(host, other.port)!];
    const ports = [await freePort(host), await freePort(host)] as const;
    const seen: string[] = [];
    const failed = (error: Error): number => seen.push(error.message);
    const out = sockets.open({ host, port: ports[1] }, { received: () => undefined, failed });
    const received = (datagram: MediaDatagram): void => {
      seen.push(`${datagram.length} bytes, ${datagram.isFrom(from)}, ${datagram.address}:${datagram.port}`);
      if (datagram.isFrom(from)) out.pass(datagram, to);
    };
    const into = sockets.open({ host, port: ports[0], typeOfService: 184 }, { received, failed });
    closings.push(() => [out, into].forEach((socket) => socket.close()));
    // Those of the runtime are bound a moment later.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { in: into, seen, sockets };
  }

  test.each(['127.0.0.1', '::1'])('pass datagrams on, and know who sent them (%s)', async (host) => {
    const [one, other, stranger] = [await Phone.at(host), await Phone.at(host), await Phone.at(host)];
    const { in: into, seen } = await relay(host, one, other);
    for (let i = 0; i < 50; i++) one.socket.send(`packet ${i}`, into.local.port, host);
    await expect.poll(() => other.heard.length).toBe(50);
    expect(other.heard[0]).toMatch(/^packet 0 from /);
    stranger.socket.send('x', into.local.port, host);
    await expect.poll(() => seen.at(-1)).toBe(`1 bytes, false, ${host}:${stranger.port}`);
    expect(other.heard).toHaveLength(50);
  });

  test('keep on after a datagram to a port that nobody has', async () => {
    const [one, other] = [await Phone.at('127.0.0.1'), await Phone.at('127.0.0.1')];
    const { in: into, sockets } = await relay('127.0.0.1', one, other);
    const nobody = sockets.remote('127.0.0.1', await freePort('127.0.0.1'))!;
    let target: MediaRemote = nobody;
    const port = await freePort('127.0.0.1');
    const received = (datagram: MediaDatagram): void => void echo.pass(datagram, target);
    const echo = sockets.open({ host: '127.0.0.1', port }, { received, failed: () => undefined });
    closings.push(() => echo.close());
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let i = 0; i < 5; i++) one.socket.send('lost', port, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 30));
    target = sockets.remote('127.0.0.1', one.port)!;
    one.socket.send('back', port, '127.0.0.1');
    await expect.poll(() => one.heard).toEqual([`back from 127.0.0.1:${port}`]);
    expect(into.local.port).not.toBe(port);
  });

  test('say nothing any more once closed, and give the port back', async () => {
    const [one, other] = [await Phone.at('127.0.0.1'), await Phone.at('127.0.0.1')];
    const { in: into, seen, sockets } = await relay('127.0.0.1', one, other);
    into.close();
    into.close();
    one.socket.send('late', into.local.port, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen).toEqual([]);
    const again = sockets.open(
      { host: '127.0.0.1', port: into.local.port },
      { received: () => undefined, failed: (error) => seen.push(error.message) },
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    again.close();
    expect(seen).toEqual([]);
  });

  test('tell that a port is taken, at once or a moment later', async () => {
    const [one, other] = [await Phone.at('127.0.0.1'), await Phone.at('127.0.0.1')];
    const { sockets } = await relay('127.0.0.1', one, other);
    const told: unknown[] = [];
    try {
      const options = { host: '127.0.0.1', port: one.port };
      sockets.open(options, { received: () => undefined, failed: (error) => told.push(error) });
    } catch (error) {
      told.push(error);
    }
    await expect.poll(() => told).toMatchObject([{ code: 'ADDRESS_IN_USE' }]);
    expect(sockets.remote('not an address', 1)).toBeUndefined();
    expect(sockets.remote('127.0.0.1', 0)).toBeUndefined();
    expect(sockets.means).toBe(name.startsWith('one epoll') ? 'epoll' : 'one by one');
  });
});
