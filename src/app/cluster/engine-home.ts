import { join } from 'node:path';
import { Engine, engineVersion, type EngineEndpoint } from '#backplane';
import { HubfarmError, reasonOf } from '#base';
import type { ClusterEngine, ClusterState, EngineCandidate, EngineSettings } from '#cluster';
import type { CertificateRequest, MutualTlsIdentity, ServerIdentity } from '#io';
import type { ServerOptions } from '../server-options.ts';
import { ClusterEngines } from './cluster-engines.ts';
import { endpointText, parseEndpoints } from './endpoints.ts';
import { readEngineRecord, removeEngineRecord, writeEngineRecord, type EngineRecord } from './engine-record.ts';

/** Folder of the engine's data, in the data directory. */
const engineFolder = 'engine';
const peerCertificateMs = 10 * 365 * 86_400_000;

/** Only engines' certificates carry it: nobody else of the cluster may speak to their peer ports. */
const peerName = (clusterId: string): string => `engines of hubfarm cluster ${clusterId}`;

/** This server's part of the engine (etcd). */
export class EngineHome implements ClusterEngine {
  readonly all: ClusterEngines;
  #local: ClusterEngine['local'] = { missing: 'it is not known yet which engine is installed here: try again' };
  readonly #options: ServerOptions;
  readonly #state: ClusterState;
  #engine: Engine | undefined;
  #starting: Promise<void> | undefined;
  #looking: Promise<void> | undefined;

  /** Which engine is installed here is found out meanwhile: no start waits for it. */
  constructor(options: ServerOptions, state: ClusterState) {
    this.#options = options;
    this.#state = state;
    const { io, logger } = options;
    this.all = new ClusterEngines({
      io,
      logger,
      endpoints: () => this.endpoints(),
      identity: () => this.identity(),
    });
    void this.look();
  }

  get local(): ClusterEngine['local'] {
    return this.#local;
  }

  async look(): Promise<void> {
    if ('missing' in this.#local) await (this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined)));
  }

  /** What members show each other and the engine; read anew for each connection. */
  identity(): MutualTlsIdentity {
    const { identity, authorityPem } = this.#cluster();
    return { ...identity, authorityPem };
  }

  /** Client ports, that of this server first where it has one. */
  endpoints(): EngineEndpoint[] {
    return parseEndpoints(this.#cluster().settings.engine.endpoints);
  }

  get isRunning(): boolean {
    return this.#engine !== undefined;
  }

  /** For people: of this server's own engine. */
  get condition(): string {
    return this.#engine?.state ?? 'none';
  }

  /** This server has a new certificate. */
  async renewed(): Promise<void> {
    const record = await readEngineRecord(this.#options.io.files, this.#state.directory);
    if (record === undefined || this.#engine === undefined) return;
    const client = this.identity();
    await this.#engine.renewTls({ client, peer: { ...record.peer, authorityPem: client.authorityPem } });
  }

  /** Starts this server's own engine, if it has one. @throws EngineError */
  start(): Promise<void> {
    // Two at once would take each other's engine for a leftover, and end it.
    this.#starting ??= this.#startOnce().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    const engine = this.#engine;
    this.#engine = undefined;
    await engine?.stop();
  }

  async #startOnce(): Promise<void> {
    if (this.#engine !== undefined) return;
    const record = await readEngineRecord(this.#options.io.files, this.#state.directory);
    if (record !== undefined) await this.#run(record);
  }

  async create(self: EngineCandidate): Promise<EngineSettings> {
    const { settings } = this.#cluster();
    const { authorities } = this.#options.io;
    const request = await authorities.makeRequest(peerName(settings.clusterId));
    const certificatePem = await this.signPeer(request.requestDer, self.address);
    await this.keep({ host: self.address, join: 'new', peer: identityOf(request, certificatePem) });
    await this.start();
    const own = { host: self.address, port: self.clientPort };
    await this.all.begin(self.serverName, own);
    return { role: 'voter', endpoints: [endpointText(own)], initialCluster: '' };
  }

  admit(candidate: EngineCandidate): Promise<EngineSettings> {
    return this.all.admit(candidate);
  }

  expel(serverName: string): Promise<void> {
    return this.all.expel(serverName);
  }

  makeEligible(serverName: string): Promise<void> {
    return this.all.makeEligible(serverName);
  }

  async erase(): Promise<void> {
    await this.stop();
    const { io, config } = this.#options;
    await removeEngineRecord(io.files, this.#state.directory);
    await io.files.removeDirectory(join(config.server.dataDirectory, engineFolder));
  }

  /** With the authority's key: the certificate for the peer port of an engine at `address`. */
  signPeer(requestDer: Uint8Array, address: string): Promise<string> {
    const { settings, authority } = this.#cluster();
    if (authority === undefined)
      throw new HubfarmError('NOT_ELIGIBLE', "this server does not have the authority's key");
    return this.#options.io.authorities.sign({
      authority,
      requestDer,
      commonName: peerName(settings.clusterId),
      dnsNames: [],
      addresses: [address],
      validMs: peerCertificateMs,
    });
  }

  makePeerRequest(): Promise<CertificateRequest> {
    return this.#options.io.authorities.makeRequest(peerName(this.#cluster().settings.clusterId));
  }

  keep(record: EngineRecord): Promise<void> {
    return writeEngineRecord(this.#options.io.files, this.#state.directory, record);
  }

  async hasRecord(): Promise<boolean> {
    return (await readEngineRecord(this.#options.io.files, this.#state.directory)) !== undefined;
  }

  async #lookOnce(): Promise<void> {
    const { io, config, logger, engineProgram } = this.#options;
    const { engineClientPort: clientPort, enginePeerPort: peerPort } = config.cluster;
    try {
      await engineVersion(io.commands, engineProgram);
      this.#local = { clientPort, peerPort };
    } catch (error) {
      if (!(error instanceof HubfarmError)) logger.error({ err: error }, 'the engine could not be looked for');
      this.#local = { missing: reasonOf(error) };
    }
  }

  async #run({ host, join: joinAs, peer }: EngineRecord): Promise<void> {
    const { io, config, logger, engineProgram } = this.#options;
    const { settings, authorityPem } = this.#cluster();
    const { engineClientPort, enginePeerPort } = config.cluster;
    const engine = new Engine({
      name: settings.serverName,
      directory: join(config.server.dataDirectory, engineFolder),
      host,
      clientPort: engineClientPort,
      peerPort: enginePeerPort,
      tls: { client: this.identity(), peer: { ...peer, authorityPem } },
      clusterId: settings.clusterId,
      join: joinAs,
      program: engineProgram,
      processes: io.processes,
      commands: io.commands,
      files: io.files,
      http2: io.http2,
      clock: io.clock,
      logger,
    });
    await engine.start();
    this.#engine = engine;
  }

  #cluster() {
    const { current } = this.#state;
    if (current === undefined) throw new HubfarmError('NOT_IN_CLUSTER', 'this server is in no cluster');
    return current;
  }
}

export function identityOf({ privateKeyPem }: CertificateRequest, certificatePem: string): ServerIdentity {
  return { certificatePem, privateKeyPem };
}
