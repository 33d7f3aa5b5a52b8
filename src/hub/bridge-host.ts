import { reasonOf, silentLogger, type Logger } from '#base';
import type { Clock, EthernetDevice, EthernetDevices, Timer } from '#io';
import type { Bridge, BridgeDirectory } from './bridge-directory.ts';
import type { HubHost } from './host.ts';
import { LocalBridgeSession } from './local-bridge.ts';
import { hubKeyOf } from './names.ts';
import type { VirtualHub } from './virtual-hub.ts';

/** A configured bridge as lists show it. */
export interface BridgeStatus extends Bridge {
  /** Its hub is online here, so that the bridge is at work or trying to be. */
  readonly isOnline: boolean;
  /** Its device is open: frames pass. */
  readonly isActive: boolean;
  /** Why the device is not open, in words; undefined while it is, or nothing was tried yet. */
  readonly lastError: string | undefined;
  /** What hinders an open device, with the command that helps. */
  readonly notices: readonly string[];
}

export interface BridgeHostOptions {
  readonly directory: BridgeDirectory;
  readonly hubs: HubHost;
  readonly devices: EthernetDevices;
  readonly clock: Clock;
  readonly logger?: Logger;
}

/** How long until a device that is missing, or went away, is looked for again. */
const retryMs = 5_000;

/** Runs the local bridges of this member: each as long as it is configured, its hub online and its device there. */
export class BridgeHost {
  readonly #options: BridgeHostOptions;
  readonly #bridges = new Map<string, RunningBridge>();
  readonly #unsubscribe: (() => void)[];

  constructor(options: BridgeHostOptions) {
    const { directory, hubs } = options;
    this.#options = options;
    this.#unsubscribe = [
      directory.onChange((id) => this.#follow(id)),
      hubs.onInstance((hub) => {
        for (const bridge of this.#bridges.values()) bridge.hubChanged(hub);
      }),
    ];
    for (const { id } of directory.bridges()) this.#follow(id);
  }

  /** In the order of the directory. */
  bridges(): BridgeStatus[] {
    return this.#options.directory.bridges().map((bridge) => {
      const running = this.#bridges.get(bridge.id);
      return {
        ...bridge,
        isOnline: running?.isOnline ?? false,
        isActive: running?.isActive ?? false,
        lastError: running?.lastError,
        notices: running?.notices ?? [],
      };
    });
  }

  /** Closes all devices. */
  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const bridge of this.#bridges.values()) bridge.stop();
    this.#bridges.clear();
  }

  #follow(id: string): void {
    const configured = this.#options.directory.bridge(id);
    this.#bridges.get(id)?.stop();
    this.#bridges.delete(id);
    if (configured === undefined) return;
    const running = new RunningBridge(configured, this.#options);
    this.#bridges.set(id, running);
    const hub = this.#options.hubs.instance(configured.hubName);
    if (hub !== undefined) running.hubChanged(hub);
  }
}

/**
 * `waiting` for the hub → `opening` the device → `active` → …; a device that fails is tried again after `retryMs`, and
 * without the hub everything ends in `waiting`.
 */
type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'failed'; readonly timer: Timer }
  | { readonly kind: 'active'; readonly session: LocalBridgeSession; readonly device: EthernetDevice };

class RunningBridge {
  readonly #bridge: Bridge;
  readonly #options: BridgeHostOptions;
  readonly #logger: Logger;
  #hub: VirtualHub | undefined;
  #state: State = { kind: 'waiting' };
  lastError: string | undefined;

  constructor(bridge: Bridge, options: BridgeHostOptions) {
    this.#bridge = bridge;
    this.#options = options;
    this.#logger = (options.logger ?? silentLogger).child({ hub: bridge.hubName, device: bridge.deviceName });
  }

  get isOnline(): boolean {
    return this.#hub !== undefined;
  }

  get isActive(): boolean {
    return this.#state.kind === 'active';
  }

  get notices(): readonly string[] {
    return this.#state.kind === 'active' ? (this.#state.device.notices?.() ?? []) : [];
  }

  hubChanged(hub: VirtualHub): void {
    if (hubKeyOf(hub.name) !== hubKeyOf(this.#bridge.hubName)) return;
    this.stop();
    if (hub.isStopped) return;
    this.#hub = hub;
    this.#open(hub);
  }

  stop(): void {
    const state = this.#state;
    this.#hub = undefined;
    this.#state = { kind: 'waiting' };
    if (state.kind === 'failed') state.timer.cancel();
    if (state.kind === 'active') state.session.disconnect('hubOffline');
  }

  #open(hub: VirtualHub): void {
    const opening: State = { kind: 'opening' };
    this.#state = opening;
    const { deviceName, tapMode } = this.#bridge;
    const { devices } = this.#options;
    (tapMode ? devices.openTap(`tap_${deviceName}`) : devices.openInterface(deviceName)).then(
      (device) => {
        if (this.#state === opening) this.#start(hub, device, opening);
        else device.close();
      },
      (error: unknown) => {
        if (this.#state === opening) this.#fail(hub, error);
      },
    );
  }

  #start(hub: VirtualHub, device: EthernetDevice, opening: State): void {
    let isEnded = false as boolean;
    // The device may be gone before its session is up.
    const session = new LocalBridgeSession(hub, device, this.#options.clock, (error) => {
      isEnded = true;
      if (this.#state !== opening && this.#state.kind !== 'active') return;
      if (error === undefined) this.#state = { kind: 'waiting' };
      else this.#fail(hub, error);
    });
    if (isEnded) return;
    this.lastError = undefined;
    this.#state = { kind: 'active', session, device };
    this.#logger.info({ session: session.name }, 'local bridge is up');
    for (const notice of this.notices) this.#logger.warn({ session: session.name }, notice);
  }

  #fail(hub: VirtualHub, error: unknown): void {
    const text = reasonOf(error);
    if (text !== this.lastError) this.#logger.warn({ error }, `local bridge is down, trying again: ${text}`);
    this.lastError = text;
    this.#state = { kind: 'failed', timer: this.#options.clock.after(retryMs, () => this.#open(hub)) };
  }
}
