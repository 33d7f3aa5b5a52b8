import { reasonOf } from '#base';
import type { RunningProcess, Timer } from '#io';
import { decodeStatus, type EngineStatus } from '../codec/maintenance.ts';
import { methods } from '../methods.ts';
import { Endpoint } from '../rpc/endpoint.ts';
import { engineArguments, engineFiles, type EngineFiles } from './engine-arguments.ts';
import { EngineError } from './engine-error.ts';
import { EngineLog } from './engine-log.ts';
import { enginePorts, type EngineOptions, type EngineTlsFiles } from './engine-options.ts';
import { engineVersion } from './engine-version.ts';

const leftoverGraceMs = 5_000;
const stopGraceMs = 5_000;
/** After that the others are waited for in the background: alone it does not answer, and all may be starting. */
const answerWithinMs = 5_000;
const pollMs = 100;
const statusTimeoutMs = 1_000;
const restartFirstMs = 250;
const restartMaxMs = 10_000;
/** One that ran so long died of something new. */
const provenAfterMs = 60_000;

type EngineState = 'stopped' | 'starting' | 'running' | 'restarting';

/**
 * This server's own etcd: a child process that is started again when it dies, and that ends with us. Our part of the
 * cluster's store; members that are no voters have none.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #files: EngineFiles;
  readonly #program: string;
  readonly #endpoint: Endpoint;
  #log: EngineLog;
  #process: RunningProcess | undefined;
  #exit: Promise<void> = Promise.resolve();
  #state: EngineState = 'stopped';
  #restart: Timer | undefined;
  #starting: Promise<void> | undefined;
  #restartMs = restartFirstMs;
  #startedAtMs = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#files = engineFiles(options.directory);
    this.#program = options.program ?? 'etcd';
    this.#log = new EngineLog(options.logger, options.clock);
    const { host, clientPort = enginePorts.client, http2, clock, serverName } = options;
    const tls = (): { readonly identity: EngineTlsFiles['client']; readonly serverName?: string } => ({
      identity: this.#tls.client,
      ...(serverName === undefined ? {} : { serverName }),
    });
    this.#endpoint = new Endpoint({ host, port: clientPort, http2, clock, tls });
    this.#tls = options.tls;
  }

  #tls: EngineTlsFiles;

  get state(): EngineState {
    return this.#state;
  }

  /**
   * Once. Resolves when it answers; also when it runs and still waits for a majority, after some seconds: see `status`.
   * @throws EngineError when it cannot be started; then it is stopped.
   */
  async start(): Promise<void> {
    const { commands, files, directory, processes, logger } = this.#options;
    const version = await engineVersion(commands, this.#program);
    await files.makeDirectory(directory);
    await this.#writeTls();
    if (await processes.endLeftover(this.#files.pid, leftoverGraceMs)) {
      logger.warn({}, 'engine: one was still running, from a server that was killed: ended it');
    }
    this.#state = 'starting';
    try {
      await this.#spawn();
      await this.#answers();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#state = 'running';
    logger.info({ version, clientPort: this.#options.clientPort ?? enginePorts.client }, 'engine: running');
  }

  /** SIGTERM, and SIGKILL when that does not help. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#restart?.cancel();
    await this.#starting;
    this.#endpoint.close();
    const running = this.#process;
    if (running === undefined) return;
    running.end('ask');
    const kill = this.#options.clock.after(stopGraceMs, () => running.end('kill'));
    await this.#exit;
    kill.cancel();
  }

  /** What our own engine says of itself. @throws RpcError when it does not answer. */
  async status(): Promise<EngineStatus> {
    return decodeStatus(await this.#endpoint.unary(methods.status, new Uint8Array(0), statusTimeoutMs));
  }

  /** Certificates are read at each connection; a new authority counts from the next start of the engine. */
  async renewTls(tls: EngineTlsFiles): Promise<void> {
    this.#tls = tls;
    await this.#writeTls();
  }

  async #writeTls(): Promise<void> {
    const { client, peer } = this.#tls;
    const { files } = this.#options;
    const at = this.#files;
    await files.writeAtomic(at.clientKey, client.privateKeyPem);
    await files.writeAtomic(at.clientCertificate, client.certificatePem);
    await files.writeAtomic(at.clientAuthority, client.authorityPem);
    await files.writeAtomic(at.peerKey, peer.privateKeyPem);
    await files.writeAtomic(at.peerCertificate, peer.certificatePem);
    await files.writeAtomic(at.peerAuthority, peer.authorityPem);
  }

  async #spawn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { clock, logger, processes } = this.#options;
    this.#log = new EngineLog(logger, clock);
    this.#startedAtMs = clock.nowMs();
    const started = {
      program: this.#program,
      args: engineArguments(this.#options),
      environment: {
        // etcd 3.4 wants to be told that it may run on 64-bit ARM; it ignores it elsewhere.
        ...(process.arch === 'arm64' && { ETCD_UNSUPPORTED_ARCH: 'arm64' }),
        // What it does here are many small things, and none of them fills a core: to hand them from one thread to the other costs
        // as much as doing them.
        GOMAXPROCS: '1',
      },
      pidFile: this.#files.pid,
    };
    this.#process = await processes.start(started, {
      line: (text) => this.#log.line(text),
      ended: (exit) => {
        this.#process = undefined;
        resolve(undefined);
        this.#ended(exit.signal ?? `exit code ${exit.code ?? 0}`);
      },
    });
    this.#exit = promise;
  }

  async #answers(): Promise<void> {
    const { clock, logger } = this.#options;
    const deadlineMs = clock.nowMs() + answerWithinMs;
    for (;;) {
      if (this.#process === undefined) throw this.#obituary();
      try {
        await this.status();
        return;
      } catch (error) {
        if (clock.nowMs() >= deadlineMs) {
          const reason = reasonOf(error);
          logger.warn({ reason }, 'engine: it runs, but waits for the others: without a majority it does not answer');
          return;
        }
      }
      await new Promise<void>((resolve) => void clock.after(pollMs, resolve));
    }
  }

  #ended(how: string): void {
    if (this.#state === 'stopped' || this.#state === 'starting') return;
    const { clock, logger } = this.#options;
    if (clock.nowMs() - this.#startedAtMs >= provenAfterMs) this.#restartMs = restartFirstMs;
    const { code, message } = this.#obituary();
    if (code === 'ENGINE_REMOVED') {
      logger.error({ how, code }, message);
      this.#state = 'stopped';
      return;
    }
    logger.error({ how, code, againInMs: this.#restartMs }, `${message}; it is started again`);
    this.#state = 'restarting';
    this.#restart = clock.after(this.#restartMs, () => {
      this.#starting = this.#startAgain();
    });
    this.#restartMs = Math.min(this.#restartMs * 2, restartMaxMs);
  }

  async #startAgain(): Promise<void> {
    try {
      await this.#spawn();
      // Else it was stopped meanwhile, and who does that waits for us.
      if (this.#state === 'restarting') this.#state = 'running';
    } catch (error) {
      this.#ended(reasonOf(error));
    }
  }

  #obituary(): EngineError {
    const said = this.#log.last();
    const cause = this.#log.cause();
    const { clientPort = enginePorts.client, peerPort = enginePorts.peer } = this.#options;
    if (said.includes('address already in use')) {
      const text = `the engine needs the ports ${clientPort} and ${peerPort}, and another program has one of them`;
      return new EngineError('ENGINE_PORT_TAKEN', `${text} (\`ss -ltnp\` names it): stop it, or choose other ports`);
    }
    if (said.includes('the member has been permanently removed')) {
      return new EngineError('ENGINE_REMOVED', 'this server has been removed from the cluster: join it again');
    }
    if (/corrupt|crc mismatch|max entry size limit|invalid database/i.test(said)) {
      const text = `the engine's data is damaged (${cause}): remove this server from the cluster and join it again`;
      return new EngineError('ENGINE_CORRUPT', `${text}, or restore a backup (docs/operations/engine.md)`);
    }
    return new EngineError('ENGINE_FAILED', `the engine ended: ${cause}`);
  }
}
