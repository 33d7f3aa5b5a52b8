import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createNodeDns } from '#io/node';
import { until } from './command.ts';

/** A real name server that knows what it is told, on a port of its own of the loopback address. */
export class Dnsmasq {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  /** `records`: options of dnsmasq without their dashes, `srv-host=_sip._udp.example.org,host,5060`. */
  static async start(records: readonly string[]): Promise<Dnsmasq> {
    const port = await freeUdpPort();
    const fixed = ['keep-in-foreground', 'no-resolv', 'no-hosts', 'no-daemon', 'conf-file=/dev/null', 'pid-file='];
    const at = [`port=${port}`, 'listen-address=127.0.0.1', 'bind-interfaces', 'local=/example.org/', 'local-ttl=30'];
    const child = spawn(
      'dnsmasq',
      [...fixed, ...at, ...records].map((word) => `--${word}`),
      { stdio: 'ignore' },
    );
    const server = new Dnsmasq(port, child);
    const dns = createNodeDns({ servers: [server.address], timeoutMs: 500 });
    await until('an answer of dnsmasq', 10_000, () =>
      dns.addresses('localhost.example.org', 4).then(
        () => true,
        () => false,
      ),
    );
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
