import { CliError, ExitCode } from '#admin/cli';
import { IoError, type EthernetDevice } from '#io';
import type { NodeIo } from '#io/node';
import { DeviceLink, type ClientHome, type FramePort, type FrameSession } from '#softether';
import { DhcpClient } from './dhcp-client.ts';
import type { DhcpLease } from './dhcp-lease.ts';
import type { ConnectSettings } from './settings.ts';

export interface VirtualAdapterOptions {
  readonly io: Pick<NodeIo, 'ethernet' | 'clock' | 'random' | 'machine'>;
  readonly home: ClientHome;
  readonly settings: Pick<ConnectSettings, 'tapName' | 'address'>;
  /** A line for the user. */
  readonly say: (line: string) => void;
  /** The TAP is gone, removed by somebody or broken. */
  readonly gone: (error: Error) => void;
}

const defaultNames = Array.from({ length: 10 }, (_, n) => `hubfarm${n}`);
const minFrameWithPorts = 42;
const dhcpClientPort = 68;

/** The TAP of `hubfarm connect`, with its address. It stays while sessions come and go. */
export class VirtualAdapter {
  readonly name: string;
  readonly #device: EthernetDevice;
  readonly #link: DeviceLink;
  readonly #dhcp: DhcpClient | undefined;
  readonly #options: VirtualAdapterOptions;

  private constructor(device: EthernetDevice, options: VirtualAdapterOptions) {
    const { home, settings, io, gone } = options;
    this.name = device.name;
    this.#device = device;
    this.#options = options;
    this.#link = new DeviceLink({
      device,
      pools: home.blockPools,
      queueMaxBytes: home.limits.outputQueueMaxBytes,
      gone: (error) => gone(error ?? new IoError('DEVICE_GONE', `the TAP device ${device.name} was removed`)),
    });
    if (settings.address.kind !== 'dhcp') return;
    this.#dhcp = new DhcpClient({
      clock: io.clock,
      random: io.random,
      mac: device.macAddress,
      hostName: io.machine.hostName,
      send: (frame) => this.#link.sendFrame(frame),
      listens: (isListening) => this.#listen(isListening),
      bound: (lease, isNew) => void this.#bound(lease, isNew),
      expired: () => options.say('the lease of the address has run out; asking for a new one'),
    });
  }

  /** Makes the TAP, and gives it its fixed address. @throws IoError, CliError. */
  static async open(options: VirtualAdapterOptions): Promise<VirtualAdapter> {
    const { io, settings } = options;
    const device = await openTap(io, settings.tapName);
    try {
      const { address } = settings;
      if (address.kind === 'fixed') await io.ethernet.configure(device.name, { addressCidr: address.cidr, up: true });
    } catch (error) {
      device.close();
      throw error;
    }
    return new VirtualAdapter(device, options);
  }

  readonly openPort = (session: FrameSession): FramePort => this.#link.open(session);

  /** A session is up: frames flow. */
  online(): void {
    this.#dhcp?.start();
  }

  offline(): void {
    this.#dhcp?.pause();
  }

  /** While the session is still there: gives back what was lent. */
  leave(): void {
    this.#dhcp?.stop();
  }

  /** Removes the TAP. */
  close(): void {
    this.#device.close();
  }

  #listen(isListening: boolean): void {
    this.#link.observer = isListening ? (buf, from, to) => this.#findAnswers(buf, from, to) : undefined;
  }

  /** UDP over IPv4 for port 68, whatever the sender and the receiver. */
  #findAnswers(buf: Buffer, from: number, to: number): void {
    for (let at = from; at < to;) {
      const start = at + 4;
      const end = start + buf.readUInt32BE(at);
      at = end;
      if (end - start < minFrameWithPorts || buf.readUInt16BE(start + 12) !== 0x0800 || buf[start + 23] !== 17)
        continue;
      if (buf.readUInt16BE(start + 36) === dhcpClientPort) this.#dhcp?.receive(buf.subarray(start, end));
    }
  }

  async #bound(lease: DhcpLease, isNew: boolean): Promise<void> {
    if (!isNew) return;
    const { say, io } = this.#options;
    try {
      await io.ethernet.configure(this.name, { addressCidr: lease.addressCidr, up: true });
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      say(`the address ${lease.addressCidr} from DHCP cannot be set: ${error.message}`);
      return;
    }
    say(`address ${lease.addressCidr} from the DHCP server ${lease.server}, for ${durationText(lease.seconds)}`);
    const offered = [
      ...(lease.routers.length > 0 ? [`router ${lease.routers.join(', ')}`] : []),
      ...(lease.nameServers.length > 0 ? [`name server ${lease.nameServers.join(', ')}`] : []),
    ];
    if (offered.length > 0) say(`also offered, not set: ${offered.join('; ')}`);
  }
}

async function openTap({ ethernet }: Pick<NodeIo, 'ethernet'>, name: string | undefined): Promise<EthernetDevice> {
  if (name !== undefined) return ethernet.openTap(name);
  for (const free of defaultNames) {
    try {
      return await ethernet.openTap(free);
    } catch (error) {
      if (!(error instanceof IoError) || error.code !== 'NAME_TAKEN') throw error;
    }
  }
  const names = `${defaultNames[0]!} to ${defaultNames.at(-1)!}`;
  throw new CliError('NAME_TAKEN', ExitCode.refused, `the names ${names} are all taken: choose one with --tap`);
}

/** `2 h 5 min`: the two largest parts. */
export function durationText(seconds: number): string {
  if (seconds === Infinity) return 'ever';
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const;
  let left = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
