import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { openEmbedded } from '#backplane';
import { Lifecycle, silentLogger } from '#base';
import { createNodeIo } from '#io/node';
import { freePort } from '../../io/node/free-ports.ts';
import { defaultSipConfig, openSip, passwordHashes, type OpenSip, type SipConfig } from '#sip';

export interface RealServer {
  readonly sip: OpenSip;
  /** Of UDP and TCP. */
  readonly port: number;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/** A whole SIP server on sockets of this machine, with accounts whose passwords are `secret`; it trusts this machine. */
export async function openRealServer(
  domain: { readonly name: string; readonly aliases: readonly string[]; readonly users: readonly string[] },
  changes: Partial<SipConfig> = {},
): Promise<RealServer> {
  const io = createNodeIo();
  const port = await freePort();
  const lifecycle = new Lifecycle();
  const backplane = await openEmbedded({ path: ':memory:', clock: io.clock });
  await lifecycle.start({ name: 'store', stop: () => backplane.close() });
  const sip = await openSip(
    {
      ...io,
      logger: silentLogger,
      backplane,
      datagrams: await io.datagrams(),
      identity: () => {
        throw new Error('no certificate here');
      },
      callRecords: undefined,
      seat: { index: 0, count: 1 },
      member: 'm1',
      memberName: '',
    },
    { ...defaultSipConfig, listen: [{ host: HOST, port }], trusted: ['127.0.0.0/8'], ...changes },
    lifecycle,
  );
  await sip.accounts.directory.createDomain(domain.name, domain.aliases);
  const nowMs = io.clock.wallMs();
  await sip.accounts.directory.createAccounts(
    domain.name,
    domain.users.map((user) => ({
      user,
      ...passwordHashes(user, domain.name, 'secret'),
      aliases: [],
      displayName: '',
      isEnabled: true,
      maxContacts: 0,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    })),
  );
  return {
    sip,
    port,
    stop: async () => {
      await lifecycle.stop();
    },
  };
}

/** A socket that sends to the server and keeps what comes. */
export class UdpPeer {
  readonly #socket: Socket;
  readonly #serverPort: number;
  readonly received: Buffer[] = [];
  /** What is sent back at once to whatever comes. */
  answer: ((bytes: Buffer) => Buffer | undefined) | undefined;
  #waiting: (() => void) | undefined;

  private constructor(socket: Socket, serverPort: number) {
    this.#socket = socket;
    this.#serverPort = serverPort;
    socket.on('message', (bytes) => {
      const answer = this.answer?.(bytes);
      if (answer !== undefined) this.send(answer);
      this.received.push(bytes);
      this.#waiting?.();
    });
  }

  static async open(serverPort: number): Promise<UdpPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await once(socket, 'listening');
    return new UdpPeer(socket, serverPort);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(bytes: Buffer): void {
    this.#socket.send(bytes, this.#serverPort, HOST);
  }

  /** The next that comes. */
  async next(): Promise<string> {
    for (;;) {
      const bytes = this.received.shift();
      if (bytes !== undefined) return bytes.toString('latin1');
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  close(): void {
    this.#socket.close();
  }
}
