import {
  type AdminContext,
  type AuditFile,
  FileAuditLog,
  type HttpFaceOptions,
  type ServerFacts,
  SoftEtherRpc,
} from '#admin';
import { openEmbedded, type Backplane } from '#backplane';
import { HubfarmError, silentLogger } from '#base';
import {
  type AttachedSession,
  type BridgeRecord,
  type BridgeStatus,
  defaultPolicy,
  HubDirectory,
  HubHost,
  type HubPort,
  type HubRecord,
  type SessionInfo,
  type SessionKind,
  type UserRecord,
  type VirtualHub,
} from '#hub';
import { createNodeCertificates, createNodeClock, createNodeRandom } from '#io/node';
import { VirtualClock } from '#io/sim';
import { adminPasswordHash, type Ban, type ConnectionInfo, type Pack, userPasswordHash } from '#softether';
import type { ServerIdentity } from '#io';

export const ADMIN_PASSWORD = 'adminpw';
export const HUB_PASSWORD = 'hp';
/** 2026-11-22T03:00:00Z */
export const NOW_MS = Date.UTC(2026, 10, 22, 3);

export function hubRecord(name: string, changes: Partial<HubRecord> = {}): HubRecord {
  return {
    name,
    kind: 'standalone',
    isOnline: true,
    maxSessions: 0,
    isHiddenFromEnum: false,
    hashedPassword: adminPasswordHash(HUB_PASSWORD).toString('hex'),
    securePassword: userPasswordHash(HUB_PASSWORD, 'administrator').toString('hex'),
    message: '',
    createdAtMs: NOW_MS - 1000,
    ...changes,
  };
}

export function userRecord(name: string, changes: Partial<UserRecord> = {}): UserRecord {
  return {
    name,
    groupName: '',
    realName: '',
    note: '',
    auth: { kind: 'anonymous' },
    createdAtMs: NOW_MS - 1000,
    updatedAtMs: NOW_MS - 1000,
    expiresAtMs: 0,
    policy: undefined,
    ...changes,
  };
}

/** A session that says of itself what a stock client's would. */
export class FakeSession implements AttachedSession {
  readonly policy = { ...defaultPolicy, NoBridge: true, NoRouting: true };
  readonly name: string;
  readonly kind: SessionKind;
  readonly userName: string;
  readonly port: HubPort;
  readonly #hub: VirtualHub;
  disconnectedFor: string | undefined;

  constructor(hub: VirtualHub, name: string, userName: string, kind: SessionKind = 'client') {
    this.#hub = hub;
    this.name = name;
    this.userName = userName;
    this.kind = kind;
    this.port = hub.attach(this);
  }

  info(): SessionInfo {
    const isClient = this.kind === 'client';
    return {
      name: this.name,
      kind: this.kind,
      userName: this.userName,
      realUserName: this.userName,
      groupName: '',
      connectionName: 'CID-17',
      sessionKey: Buffer.alloc(20, 7),
      remoteAddress: isClient ? '10.78.0.11' : '',
      remotePort: 1234,
      remoteHostname: isClient ? '10.78.0.11' : '',
      clientProductName: 'a client',
      clientVersion: 501,
      clientBuild: 9674,
      serverProductName: 'a server',
      cipherName: 'TLS_AES_256_GCM_SHA384',
      underlayProtocol: 'Standard TCP/IP (IPv4)',
      maxTcpConnections: 2,
      tcpConnections: 1,
      tcpConnectionsUpload: 1,
      tcpConnectionsDownload: 1,
      isHalfConnection: false,
      isEncrypted: true,
      isCompressed: false,
      isQos: false,
      isBridgeMode: false,
      isMonitorMode: false,
      vlanId: 0,
      policy: this.policy,
      nodeInfo: {
        clientProductName: 'SoftEther VPN Client',
        clientProductVersion: 501,
        clientProductBuild: 9674,
        clientOsName: 'Debian GNU/Linux',
        clientOsVersion: '12 (bookworm)',
        clientOsProductId: '--',
        clientHostname: 'vm',
        clientAddress: '10.78.0.11',
        clientPort: 45854,
        serverProductName: '',
        serverProductVersion: 0,
        serverProductBuild: 0,
        serverHostname: '10.78.0.2',
        serverAddress: '10.78.0.2',
        serverPort: 443,
        proxyHostname: '',
        proxyAddress: '0.0.0.0',
        proxyPort: 0,
        hubName: 'DEFAULT',
        uniqueId: Buffer.alloc(16, 9),
      },
      traffic: this.port.traffic,
      wireBytesSent: 25,
      wireBytesReceived: 508,
      startedAtMs: NOW_MS,
      firstConnectedAtMs: NOW_MS,
      currentConnectedAtMs: NOW_MS,
      lastCommunicationAtMs: NOW_MS,
    };
  }

  disconnect(reason: string): void {
    this.disconnectedFor = reason;
    this.#hub.detach(this.port);
  }

  flush(): void {}

  /** Sends one broadcast frame (an ARP request) into the hub, so that the tables have something to show. */
  sendFrame(): void {
    const arp = '0001080006040001' + '5e26' + '8e2809e3' + '0a630001' + '000000000000' + '0a630002';
    const frame = Buffer.from('ffffffffffff' + '5e268e2809e3' + '0806' + arp, 'hex');
    const record = Buffer.alloc(4 + frame.length);
    record.writeUInt32BE(frame.length);
    frame.copy(record, 4);
    this.port.receive(record, 0, record.length, 1);
  }
}

const facts: ServerFacts = {
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

const certificates = createNodeCertificates(createNodeClock());
let rsaIdentity: Promise<ServerIdentity> | undefined;

/** One RSA identity for all tests of a file: making one takes a while. */
export function testIdentity(): Promise<ServerIdentity> {
  return (rsaIdentity ??= certificates.makeSelfSigned({ hostName: 'vm', keyType: 'rsa-2048' }));
}

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

class FakeBridges {
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

export interface Fixture {
  readonly context: AdminContext;
  readonly clock: VirtualClock;
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly backplane: Backplane;
  /** Lines of the audit file. */
  readonly auditLines: string[];
  readonly bans: Ban[];
  /** A session on an online hub. */
  attach(hubName: string, name: string, userName: string, kind?: SessionKind): FakeSession;
  close(): Promise<void>;
}

/**
 * A server without sockets: a real store in memory, real hubs, the rest simple stand-ins. Hubs DEFAULT (users user1 with
 * a password, anon) and OTHER are there.
 */
export async function openFixture(): Promise<Fixture> {
  const clock = new VirtualClock(NOW_MS);
  const backplane = await openEmbedded({ path: ':memory:', clock: createNodeClock() });
  const directory = await HubDirectory.open(backplane, clock);
  const host = await HubHost.open({ directory, backplane, clock, random: createNodeRandom() });
  for (const name of ['DEFAULT', 'OTHER']) await directory.createHub(hubRecord(name));
  await directory.createUser('DEFAULT', userRecord('anon'));
  await directory.createUser(
    'DEFAULT',
    userRecord('user1', {
      auth: {
        kind: 'password',
        hashedKey: userPasswordHash('pass1', 'user1').toString('hex'),
        ntHash: '8d7a851dde3e7bed903a41d686cd33be',
      },
      note: 'nt',
      policy: { ...defaultPolicy, MaxConnection: 16 },
    }),
  );
  const auditLines: string[] = [];
  const file: AuditFile = { write: (line) => auditLines.push(line) > 0 };
  let password = adminPasswordHash(ADMIN_PASSWORD);
  let identity = await testIdentity();
  const bans: Ban[] = [];
  const context: AdminContext = {
    clock,
    logger: silentLogger,
    audit: new FileAuditLog(file, silentLogger),
    directory,
    host,
    server: {
      connections: () => [connectionInfo],
      connection: (name) => (name.toUpperCase() === connectionInfo.name ? connectionInfo : undefined),
      disconnect: (name) => name.toUpperCase() === connectionInfo.name,
      bans: () => bans,
      liftBan: (target) => bans.some((ban) => ban.address === target),
    },
    listeners: new FakeListeners(),
    identity: {
      current: () => identity,
      replace: (replacement) => {
        identity = replacement;
        return Promise.resolve();
      },
      regenerate: async (hostName) => {
        identity = await certificates.makeSelfSigned({ hostName });
      },
    },
    adminPassword: {
      hashed: () => password,
      set: (hashed) => {
        password = hashed;
        return Promise.resolve();
      },
    },
    bridges: new FakeBridges(),
    backplane,
    info: facts,
  };
  return {
    context,
    clock,
    directory,
    host,
    backplane,
    auditLines,
    bans,
    attach: (hubName, name, userName, kind) => {
      const hub = host.instance(hubName);
      if (hub === undefined) throw new Error(`hub ${hubName} is not online`);
      return new FakeSession(hub, name, userName, kind);
    },
    close: async () => {
      await host.stop();
      directory.close();
      await backplane.close();
    },
  };
}

type Login = Parameters<SoftEtherRpc['open']>[0];

/** Calls a function over the SoftEther RPC face, as a connection after its log-in would. */
export function callRpc(context: AdminContext, request: Pack, login: Login = { role: 'server' }): Promise<Pack> {
  return new Promise((resolve) => {
    const conversation = new SoftEtherRpc(context).open(login, {
      connectionName: 'CID-1',
      remote: { address: '192.0.2.1', port: 5 },
      clientProduct: 'test',
      send: resolve,
      close: () => undefined,
    });
    conversation.receive(request);
  });
}

/** No failures are counted, nobody is slowed down. */
export const noGuard: HttpFaceOptions['guard'] = {
  ask: () => ({ kind: 'check', delayMs: 0 }),
  failed: () => [],
  succeeded: () => undefined,
};
