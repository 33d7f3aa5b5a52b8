import { openEmbedded, type Backplane } from '#backplane';
import { silentLogger } from '#base';
import { HubDirectory, HubHost, type HubRecord, type UserRecord } from '#hub';
import type { ByteStream } from '#io';
import { createNodeClock } from '#io/node';
import { SeededRandom, StreamPair, VirtualClock, type LinkSettings } from '#io/sim';
import {
  adminPasswordHash,
  defaultSoftEtherLimits,
  Pack,
  SessionJournal,
  SoftEtherServer,
  userPasswordHash,
  type AdminConnectionHandler,
  type SoftEtherLimits,
  type SoftEtherServerDeps,
} from '#softether';
import { hubRecord, userRecord } from '../../hub/hub-fixture.ts';
import { TestClient } from './test-client.ts';

export interface RigOptions {
  readonly limits?: Partial<SoftEtherLimits>;
  readonly hub?: Partial<HubRecord>;
  readonly link?: Partial<LinkSettings>;
  readonly deps?: Partial<SoftEtherServerDeps>;
  readonly adminPassword?: string;
  readonly hasJournal?: boolean;
}

interface RigParts {
  readonly backplane: Backplane;
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly clock: VirtualClock;
  readonly journal: SessionJournal | undefined;
  readonly options: RigOptions;
}

export const HUB = 'OFFICE';

/** Each process has random numbers of its own. */
let seed = 0;

/** A whole server in memory: hub OFFICE with the users alice and bob (password `pw`) and guest (anonymous). */
export class Rig {
  readonly clock: VirtualClock;
  readonly random = new SeededRandom(++seed);
  readonly server: SoftEtherServer;
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly backplane: Backplane;
  /** What was given to the HTTP server: the bytes that came first. */
  readonly http: { readonly stream: ByteStream; readonly unread: Buffer }[] = [];
  readonly journal: SessionJournal | undefined;
  readonly #options: RigOptions;
  #nextPort = 50_000;

  private constructor(parts: RigParts) {
    const { backplane, directory, host, clock, journal, options: o } = parts;
    this.backplane = backplane;
    this.directory = directory;
    this.host = host;
    this.clock = clock;
    this.journal = journal;
    this.#options = o;
    this.server = new SoftEtherServer({
      clock,
      random: this.random,
      logger: silentLogger,
      directory,
      host,
      limits: { ...defaultSoftEtherLimits, ...o.limits },
      identityCertificateDer: () => Buffer.alloc(0),
      adminPassword: { hashed: () => adminPasswordHash(o.adminPassword ?? 'secret') },
      admin: echoAdmin,
      http: (stream, unread) => void this.http.push({ stream, unread }),
      productName: 'Test Server',
      version: 501,
      build: 9674,
      ...(journal === undefined ? {} : { journal }),
      ...o.deps,
    });
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    // The store lives in real time, everything else in the clock's.
    const backplane = await openEmbedded({ path: ':memory:', clock: createNodeClock() });
    const directory = await HubDirectory.open(backplane, createNodeClock());
    await directory.createHub(hubRecord(HUB, options.hub));
    for (const name of ['alice', 'bob']) await directory.createUser(HUB, passwordUser(name));
    await directory.createUser(HUB, userRecord('guest'));
    directory.close();
    return Rig.#on(backplane, options);
  }

  /** A server on a store that is there. */
  static async #on(backplane: Backplane, options: RigOptions): Promise<Rig> {
    const clock = new VirtualClock();
    const directory = await HubDirectory.open(backplane, createNodeClock());
    const host = await HubHost.open({ directory, backplane, clock, random: new SeededRandom(3) });
    const journalOptions = { backplane, prefix: 'run/session/m/', clock, logger: silentLogger };
    const journal = options.hasJournal === true ? await SessionJournal.open(journalOptions) : undefined;
    return new Rig({ backplane, directory, host, clock, journal, options });
  }

  /** Another process on the same store. `kill`: this one has no time to say or write anything. */
  async restart(how: 'kill' | 'stop'): Promise<Rig> {
    if (how === 'stop') {
      void this.server.stop();
      await this.run(5_000);
      await this.journal?.stop();
    }
    await this.host.stop();
    this.directory.close();
    return Rig.#on(this.backplane, this.#options);
  }

  async close(): Promise<void> {
    await this.host.stop();
    this.directory.close();
    await this.backplane.close();
  }

  /** A client whose TLS is up. Undefined if the server did not admit it. */
  tryConnect(address = '192.0.2.1', tlsProtocol = 'TLSv1.2'): TestClient | undefined {
    const client = { address, port: this.#nextPort++ };
    if (!this.server.admits(client)) return undefined;
    const tls = { protocol: tlsProtocol, cipher: 'SIMULATED', peerCertificate: undefined };
    const settings = { clock: this.clock, random: this.random, ...this.#options.link };
    const server = { address: '192.0.2.254', port: 443 };
    const pair = new StreamPair(settings, { client, server, clientTls: tls, serverTls: tls });
    const testClient = new TestClient(this, pair);
    this.server.accept(pair.server, 443);
    return testClient;
  }

  connect(address?: string, tlsProtocol?: string): TestClient {
    const client = this.tryConnect(address, tlsProtocol);
    if (client === undefined) throw new Error(`the server does not admit ${address ?? 'the client'}`);
    return client;
  }

  /** Lets time pass, promises included. */
  run(ms: number): Promise<void> {
    return this.clock.run(ms);
  }

  /** Real time too, for what waits for the store. */
  async settle(isDone: () => boolean): Promise<void> {
    for (let turn = 0; turn < 500 && !isDone(); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.run(0);
    }
  }
}

export function passwordUser(name: string, change: Partial<UserRecord> = {}, password = 'pw'): UserRecord {
  const hashedKey = userPasswordHash(password, name).toString('hex');
  return userRecord(name, { auth: { kind: 'password', hashedKey, ntHash: '0'.repeat(32) }, ...change });
}

/** Answers each request with its function name and who asked. */
export const echoAdmin: AdminConnectionHandler = {
  open: (login, channel) => ({
    receive: (pack) => {
      const who = login.role === 'server' ? 'server' : login.hubName;
      channel.send(new Pack().setStr('echo', pack.str('function_name')).setStr('who', who));
    },
    closed: () => undefined,
  }),
};
