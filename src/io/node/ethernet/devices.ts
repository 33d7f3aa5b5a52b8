import { closeSync } from 'node:fs';
import { silentLogger, type Logger } from '#base';
import type { Clock } from '../../clock.ts';
import { IoError } from '../../errors.ts';
import type { EthernetDevice, EthernetDevices } from '../../ethernet.ts';
import { Burst } from './burst.ts';
import { NodeEthernetDevice } from './device.ts';
import { checkInterfaceName, nameMaxBytes } from './interface-name.ts';
import { InterfaceControl } from './interface-request.ts';
import { loadNative, type Native } from './native.ts';
import { openPacketFds, PacketPath } from './packet-socket.ts';
import { SystemFiles } from './system-files.ts';
import { openTapFd, TapPath } from './tap.ts';

/** The kernel keeps a name for a moment after its device was closed, or its network namespace removed. */
const busyRetries = 10;
const busyRetryMs = 100;
/** Is our TAP still in the bridge of the interface? A bridge that is taken down says nothing. */
const membershipCheckMs = 2_000;
const bridgePortNames = 100;

export interface NodeEthernetOptions {
  readonly clock: Clock;
  readonly logger?: Logger;
}

/** The Ethernet devices of this machine. What needs the library for native calls loads it at the first use. */
export function createNodeEthernet(options: NodeEthernetOptions): EthernetDevices {
  return new NodeEthernetDevices(options);
}

interface Loaded {
  readonly native: Native;
  readonly control: InterfaceControl;
  readonly burst: Burst;
}

class NodeEthernetDevices implements EthernetDevices {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #system = new SystemFiles();
  readonly #ownTaps = new Set<string>();
  #loaded: Promise<Loaded> | undefined;

  constructor({ clock, logger = silentLogger }: NodeEthernetOptions) {
    this.#clock = clock;
    this.#logger = logger;
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve(this.#system.ethernetInterfaces().filter((name) => !this.#ownTaps.has(name)));
  }

  async openTap(name: string): Promise<EthernetDevice> {
    const loaded = await this.#load();
    return this.#tap(loaded, name, [], ({ control }) => control.setUp(name, true));
  }

  async openInterface(name: string): Promise<EthernetDevice> {
    checkInterfaceName(name);
    const loaded = await this.#load();
    const index = loaded.control.index(name);
    refuseUnusable(this.#system, name);
    const bridge = this.#system.bridgeOf(name);
    return bridge === undefined ? this.#packetSocket(loaded, name, index) : this.#bridgePort(loaded, name, bridge);
  }

  async configure(
    name: string,
    settings: { readonly addressCidr?: string; readonly mtu?: number; readonly up: boolean },
  ): Promise<void> {
    checkInterfaceName(name);
    const { control } = await this.#load();
    if (settings.mtu !== undefined) control.setMtu(name, settings.mtu);
    if (settings.addressCidr !== undefined) control.setAddress(name, settings.addressCidr);
    control.setUp(name, settings.up);
  }

  #load(): Promise<Loaded> {
    this.#loaded ??= loadNative().then((native) => ({
      native,
      control: new InterfaceControl(native),
      burst: new Burst(native),
    }));
    return this.#loaded;
  }

  async #tap(
    loaded: Loaded,
    name: string,
    notices: readonly string[],
    prepare: (loaded: Loaded) => void,
  ): Promise<NodeEthernetDevice> {
    const { native, control, burst } = loaded;
    const fd = await this.#tapFd(native, name);
    this.#ownTaps.add(name);
    const device = orElse(
      () => closeSync(fd),
      () => {
        const path = new TapPath(native, name, fd, notices);
        return new NodeEthernetDevice(native, burst, {
          name,
          macAddress: control.macAddress(name),
          fds: [fd],
          readFd: fd,
          path,
        });
      },
    );
    device.onEnd(() => this.#ownTaps.delete(name));
    orElse(
      () => device.close(),
      () => prepare(loaded),
    );
    return device;
  }

  #packetSocket({ native, control, burst }: Loaded, name: string, index: number): EthernetDevice {
    const macAddress = control.macAddress(name);
    const wireless = `${name} is wireless: most access points drop what other computers behind it send`;
    const notices = this.#system.isWireless(name) ? [wireless] : [];
    const fds = openPacketFds(native, name, index);
    const path = new PacketPath(native, control, { name, index, fds, notices });
    const parts = { name, macAddress, fds: [fds.receive, fds.send], readFd: fds.receive, path };
    const device = new NodeEthernetDevice(native, burst, parts);
    orElse(
      () => device.close(),
      () => control.setUp(name, true),
    );
    this.#warn(name, notices);
    return device;
  }

  /** A TAP that becomes one more port of the Linux bridge that `name` is, or is a port of. */
  async #bridgePort(loaded: Loaded, name: string, bridge: string): Promise<EthernetDevice> {
    const notices = this.#system.bridgeFilterNotices(bridge);
    const tap = await this.#freeTap(loaded, name, notices, ({ control }, tapName) => {
      this.#system.silenceIpv6(tapName);
      control.addToBridge(bridge, tapName);
      control.setUp(tapName, true);
    });
    this.#warn(name, notices);
    this.#watchMembership(tap, name, bridge);
    return tap;
  }

  /** A TAP named after the interface; with a number behind it if that name is taken. */
  async #freeTap(
    loaded: Loaded,
    name: string,
    notices: readonly string[],
    prepare: (loaded: Loaded, tapName: string) => void,
  ): Promise<NodeEthernetDevice> {
    for (let number = 0; ; number++) {
      const suffix = number === 0 ? '' : String(number);
      const tapName = `hf-${name}`.slice(0, nameMaxBytes - suffix.length) + suffix;
      const isTaken = loaded.control.indexIfAny(tapName) !== undefined;
      if (!isTaken || number === bridgePortNames) {
        return this.#tap(loaded, tapName, notices, () => prepare(loaded, tapName));
      }
    }
  }

  async #tapFd(native: Native, name: string): Promise<number> {
    for (let attempt = 0; attempt <= busyRetries; attempt++) {
      const fd = openTapFd(native, name);
      if (fd !== undefined) return fd;
      await new Promise<void>((resolve) => this.#clock.after(busyRetryMs, resolve));
    }
    throw new IoError('NAME_TAKEN', `another program uses the TAP device ${name}; choose another name`);
  }

  /** Fails the TAP when it, or what it stands for, is not in the bridge any more: nobody else would tell. */
  #watchMembership(tap: NodeEthernetDevice, name: string, bridge: string): void {
    const timer = this.#clock.every(membershipCheckMs, () => {
      if (this.#system.bridgeOf(name) === bridge && this.#system.masterOf(tap.name) === bridge) return;
      tap.fail(new IoError('DEVICE_GONE', `${name} is not in the bridge ${bridge} any more`));
    });
    tap.onEnd(() => timer.cancel());
  }

  #warn(name: string, notices: readonly string[]): void {
    for (const notice of notices) this.#logger.warn({ device: name }, notice);
  }
}

/** What `work` gives; if it throws, `undo` runs first. */
function orElse<T>(undo: () => void, work: () => T): T {
  try {
    return work();
  } catch (error) {
    undo();
    throw error;
  }
}

function refuseUnusable(system: SystemFiles, name: string): void {
  const bond = system.bondOf(name);
  if (bond !== undefined) throw new IoError('NOT_USABLE', `${name} is a part of ${bond}: name ${bond} instead`);
  if (!system.isEthernet(name)) {
    throw new IoError('NOT_USABLE', `${name} does not carry Ethernet frames: it cannot be joined to a hub`);
  }
}
