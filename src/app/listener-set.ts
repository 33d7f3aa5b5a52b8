import { HubfarmError, reasonOf, type Logger } from '#base';
import type { ByteStream, Clock, Endpoint, Network, RunningListener, ServerIdentity, Timer } from '#io';
import type { ListenAddress } from './config/listen-address.ts';
import type { TlsSettings } from './config/sections.ts';

/** One listener as the administrator sees it. */
export interface ListenerStatus extends ListenAddress {
  readonly isEnabled: boolean;
  /** Why the port could not be opened; undefined while it listens or is disabled. */
  readonly error: string | undefined;
  readonly isListening: boolean;
}

export interface ListenerSetDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly identity: () => ServerIdentity;
  readonly tls: TlsSettings;
  readonly handshakeTimeoutMs: number;
  readonly admit: (remote: Endpoint) => boolean;
  readonly pace: (start: () => void, remote: Endpoint) => void;
  readonly abandoned: (remote: Endpoint, why: string) => void;
  /** Protocols (ALPN) beside the SoftEther protocol and HTTP; absent = none. */
  readonly alpn?: readonly string[];
  readonly connected: (stream: ByteStream, listenerPort: number) => void;
}

interface Listener {
  readonly at: ListenAddress;
  isEnabled: boolean;
  running: RunningListener | undefined;
  error: string | undefined;
  retry: Timer | undefined;
}

/** How often a port that could not be opened is tried again. */
const retryIntervalMs = 10_000;
const maxListeners = 256;

/** The TLS listeners of this server. One that cannot be opened says why, is tried again, and stops no other. */
export class ListenerSet {
  readonly #deps: ListenerSetDeps;
  readonly #listeners = new Map<number, Listener>();

  constructor(deps: ListenerSetDeps) {
    this.#deps = deps;
  }

  list(): readonly ListenerStatus[] {
    return [...this.#listeners.values()]
      .map(({ at, isEnabled, running, error }) => ({ ...at, isEnabled, error, isListening: running !== undefined }))
      .sort((a, b) => a.port - b.port);
  }

  has(port: number): boolean {
    return this.#listeners.has(port);
  }

  /** Resolves when the port listens, or is known not to for now (see `list`). */
  async add(at: ListenAddress, isEnabled: boolean): Promise<void> {
    if (this.#listeners.has(at.port))
      throw new HubfarmError('LISTENER_EXISTS', `port ${at.port} has a listener already`);
    if (this.#listeners.size >= maxListeners) {
      throw new HubfarmError('TOO_MANY_LISTENERS', `no more than ${maxListeners} listeners: delete one first`);
    }
    const listener: Listener = { at, isEnabled, running: undefined, error: undefined, retry: undefined };
    this.#listeners.set(at.port, listener);
    if (isEnabled) await this.#open(listener);
  }

  async remove(port: number): Promise<void> {
    const listener = this.#find(port);
    this.#listeners.delete(port);
    listener.isEnabled = false;
    await this.#shut(listener);
  }

  async enable(port: number, isEnabled: boolean): Promise<void> {
    const listener = this.#find(port);
    if (listener.isEnabled === isEnabled) return;
    listener.isEnabled = isEnabled;
    await (isEnabled ? this.#open(listener) : this.#shut(listener));
  }

  /** Stops accepting everywhere; connections that are up stay up. */
  async stop(): Promise<void> {
    const all = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const listener of all) listener.isEnabled = false;
    await Promise.all(all.map((listener) => this.#shut(listener)));
  }

  #find(port: number): Listener {
    const listener = this.#listeners.get(port);
    if (listener === undefined) throw new HubfarmError('LISTENER_NOT_FOUND', `port ${port} has no listener`);
    return listener;
  }

  async #open(listener: Listener): Promise<void> {
    const { at } = listener;
    const { network, identity, tls, handshakeTimeoutMs, admit, pace, abandoned, connected, logger } = this.#deps;
    const { alpn = [] } = this.#deps;
    const { maxVersion, notSentLowWaterBytes } = tls;
    try {
      const running = await network.listenTls({
        host: at.host ?? '::',
        port: at.port,
        identity,
        handshakeTimeoutMs,
        notSentLowWaterBytes,
        ...(alpn.length === 0 ? {} : { alpn }),
        ...(maxVersion === 'auto' ? {} : { chooseMaxVersion: () => maxVersion }),
        troubled: (error) => logger.warn({ port: at.port, err: error }, 'listener in trouble'),
        admit,
        pace,
        abandoned,
        connected: (stream) => connected(stream, at.port),
      });
      if (!listener.isEnabled) {
        await running.close();
        return;
      }
      listener.running = running;
      listener.error = undefined;
      this.#deps.logger.info({ host: running.local.address, port: running.local.port }, 'listening');
    } catch (error) {
      const message = reasonOf(error);
      if (listener.error !== message) this.#deps.logger.warn({ port: at.port }, `listener not open: ${message}`);
      listener.error = message;
      this.#retryLater(listener);
    }
  }

  #retryLater(listener: Listener): void {
    if (!listener.isEnabled) return;
    listener.retry = this.#deps.clock.after(retryIntervalMs, () => {
      listener.retry = undefined;
      if (listener.isEnabled && listener.running === undefined) void this.#open(listener);
    });
  }

  async #shut(listener: Listener): Promise<void> {
    listener.retry?.cancel();
    listener.retry = undefined;
    listener.error = undefined;
    const { running } = listener;
    listener.running = undefined;
    await running?.close();
  }
}
