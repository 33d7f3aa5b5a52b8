import { type AdminContext, type AuditFile, FileAuditLog, type HttpFaceOptions, SoftEtherRpc } from '#admin';
import { openEmbedded, type Backplane } from '#backplane';
import { silentLogger, type Ban } from '#base';
import { defaultPolicy, HubDirectory, HubHost, type SessionKind } from '#hub';
import type { ServerIdentity } from '#io';
import { createNodeCertificates, createNodeClock, createNodeRandom } from '#io/node';
import { VirtualClock } from '#io/sim';
import { adminPasswordHash, type Pack, userPasswordHash } from '#softether';
import { connectionInfo, facts, FakeBridges, FakeListeners } from './fake-server.ts';
import { FakeSession } from './fake-session.ts';
import { ADMIN_PASSWORD, hubRecord, NOW_MS, userRecord } from './records.ts';

const certificates = createNodeCertificates(createNodeClock());
let rsaIdentity: Promise<ServerIdentity> | undefined;

/** One RSA identity for all tests of a file: making one takes a while. */
export function testIdentity(): Promise<ServerIdentity> {
  return (rsaIdentity ??= certificates.makeSelfSigned({ hostName: 'vm', keyType: 'rsa-2048' }));
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
    ownKeys: 'cfg/server/own/',
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
