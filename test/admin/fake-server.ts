import type { ServerFacts } from '#admin';
import { HubfarmError } from '#base';
import type { BridgeRecord, BridgeStatus } from '#hub';
import type { ConnectionInfo } from '#softether';
import { NOW_MS } from './records.ts';

export const facts: ServerFacts = {
  productName: 'hubfarm VPN Server',
  versionText: 'Version 5.01 Build 9674   (English)',
  buildText: 'hubfarm',
  version: 501,
  build: 9674,
  buildDateMs: NOW_MS,
  familyName: 'SoftEther',
  hostName: 'vm',
  startedAtMs: NOW_MS - 5000,
  os: {
    systemName: 'Linux',
    productName: 'Debian GNU/Linux',
    vendorName: 'https://www.debian.org/',
    version: '12 (bookworm)',
    kernelName: 'UNIX',
    kernelVersion: '#1 SMP',
  },
  ciphers: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
  limits: { maxHubs: 4096, maxUsersPerHub: 10_000, maxSessions: 100_000, maxMacEntries: 65_536, maxIpEntries: 65_536 },
};

export const connectionInfo: ConnectionInfo = {
  name: 'CID-2',
  type: 'adminRpc',
  remote: { address: '127.0.0.1', port: 36294 },
  hostname: 'localhost',
  listenerPort: 443,
  connectedAtMs: NOW_MS,
  serverProduct: 'a server',
  serverVersion: 501,
  serverBuild: 9674,
  clientProduct: 'a client',
  clientVersion: 501,
  clientBuild: 9674,
  tlsProtocol: 'TLSv1.3',
  cipherName: 'TLS_AES_256_GCM_SHA384',
};

export class FakeListeners {
  readonly #ports = new Map<number, boolean>([[443, true]]);

  list() {
    return [...this.#ports].map(([port, isEnabled]) => ({
      port,
      isEnabled,
      error: port === 992 ? 'address in use' : undefined,
    }));
  }

  create(port: number, isEnabled: boolean): Promise<void> {
    if (this.#ports.has(port)) return Promise.reject(new HubfarmError('LISTENER_EXISTS', `port ${port} is there`));
    this.#ports.set(port, isEnabled);
    return Promise.resolve();
  }

  delete(port: number): Promise<void> {
    if (this.#ports.delete(port)) return Promise.resolve();
    return Promise.reject(new HubfarmError('LISTENER_NOT_FOUND', `port ${port} is not there`));
  }

  enable(port: number, isEnabled: boolean): Promise<void> {
    if (!this.#ports.has(port)) return Promise.reject(new HubfarmError('LISTENER_NOT_FOUND', `no port ${port}`));
    this.#ports.set(port, isEnabled);
    return Promise.resolve();
  }
}

export class FakeBridges {
  readonly isSupported = true;
  readonly #bridges: BridgeRecord[] = [];

  devices(): Promise<readonly string[]> {
    return Promise.resolve(['eth0']);
  }

  list(): readonly BridgeStatus[] {
    return this.#bridges.map((bridge) => ({
      ...bridge,
      id: bridge.deviceName,
      isOnline: true,
      isActive: false,
      lastError: 'no such device',
      notices: [],
    }));
  }

  create(bridge: BridgeRecord): Promise<void> {
    this.#bridges.push(bridge);
    return Promise.resolve();
  }

  delete(hubName: string, deviceName: string): Promise<void> {
    const at = this.#bridges.findIndex((one) => one.hubName === hubName && one.deviceName === deviceName);
    if (at === -1) return Promise.reject(new HubfarmError('BRIDGE_NOT_FOUND', `no bridge ${hubName} ${deviceName}`));
    this.#bridges.splice(at, 1);
    return Promise.resolve();
  }
}
