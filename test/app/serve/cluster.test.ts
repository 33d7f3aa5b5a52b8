import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePorts } from './free-ports.ts';
import { callLocal } from './local-api.ts';
import { ServeProcess } from './serve-process.ts';
import { VpnUser } from './vpn-user.ts';

vi.setConfig({ testTimeout: 120_000 });

const password = 'cluster-word';

/** One server of a cluster, all on this machine. */
class ClusterServer {
  readonly name: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly #args: readonly string[];
  process: ServeProcess;

  private constructor(name: string, port: number, dataDirectory: string, args: readonly string[]) {
    this.name = name;
    this.port = port;
    this.dataDirectory = dataDirectory;
    this.#args = args;
    this.process = this.#spawn();
  }

  static async start(name: string, more: readonly string[] = [], members = 1): Promise<ClusterServer> {
    const port = await freePorts(2 * members + 2);
    const [bus, client, peer] = [port + members, port + 2 * members, port + 2 * members + 1];
    const settings = {
      'server.name': name,
      'server.members': members,
      'listeners.addresses': `127.0.0.1:${port}`,
      'cluster.bus': `127.0.0.1:${bus}`,
      'cluster.engineClientPort': client,
      'cluster.enginePeerPort': peer,
      'cluster.publicAddress': '127.0.0.1',
    };
    const sets = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    const server = new ClusterServer(name, port, join(folder, name), ['--set', ...sets, ...more]);
    servers.push(server);
    await server.process.isUp();
    return server;
  }

  async restart(): Promise<void> {
    this.process = this.#spawn();
    await this.process.isUp();
  }

  call(method: string, params: object = {}): ReturnType<typeof callLocal> {
    return callLocal(this.dataDirectory, method, params);
  }

  /** ServerType 1: the controller of a new cluster. */
  async makeCluster(): Promise<void> {
    const answer = await this.call('SetFarmSetting', { ServerType_u32: 1, Weight_u32: 100 });
    expect(answer.error).toBeUndefined();
    await this.isMember();
  }

  async join(controller: ClusterServer): Promise<void> {
    const answer = await this.call('SetFarmSetting', {
      ServerType_u32: 2,
      NumPort_u32: 1,
      Ports_u32: [this.port],
      PublicIp_ip: '127.0.0.1',
      ControllerName_str: '127.0.0.1',
      ControllerPort_u32: controller.port,
      MemberPasswordPlaintext_str: password,
      Weight_u32: 100,
    });
    expect(answer.error).toBeUndefined();
    await this.isMember();
  }

  /** Has become one, and says so in its log. */
  async isMember(): Promise<void> {
    await vi.waitFor(
      () => {
        const failure = this.process.stdout.split('\n').find((line) => /could not become|did not become/.test(line));
        if (failure !== undefined) throw new Error(failure);
        expect(this.process.stdout).toMatch(/"message":"this server is (the controller|a member) of a cluster now"/);
      },
      { timeout: 60_000, interval: 100 },
    );
  }

  async members(): Promise<readonly string[]> {
    const { result } = await this.call('HubfarmEnumMember');
    const list = result?.['MemberList'] as { readonly Name_str: string; readonly State_str: string }[];
    return list.map((member) => `${member.Name_str} ${member.State_str}`).sort();
  }

  #spawn(): ServeProcess {
    return new ServeProcess(this.dataDirectory, this.#args, { HUBFARM_ADMIN_PASSWORD: password });
  }
}

let folder: string;
let servers: ClusterServer[] = [];
let users: VpnUser[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-cluster-'));
});

afterEach(async ({ task }) => {
  await Promise.all(users.map((user) => user.stop()));
  users = [];
  await Promise.all(servers.map((server) => server.process.signal('SIGTERM')));
  if (task.result?.state === 'fail') for (const server of servers) console.log(server.name, server.process.stdout);
  servers = [];
  rmSync(folder, { recursive: true, force: true });
});

async function cluster(size: number): Promise<ClusterServer[]> {
  const controller = await ClusterServer.start('one');
  await controller.makeCluster();
  const names = ['two', 'three', 'four'].slice(0, size - 1);
  const others: ClusterServer[] = [];
  for (const name of names) {
    const server = await ClusterServer.start(name);
    await server.join(controller);
    others.push(server);
  }
  const all = [controller, ...others];
  for (const server of all) {
    await vi.waitFor(
      async () => expect(await server.members()).toEqual(all.map(({ name }) => `${name} online`).sort()),
      {
        timeout: 15_000,
        interval: 100,
      },
    );
  }
  return all;
}

const logIn = (server: ClusterServer, hub: string): VpnUser => {
  const user = new VpnUser({ host: '127.0.0.1', port: server.port }, hub, 'anna');
  users.push(user);
  return user;
};

async function createHub(server: ClusterServer, name: string): Promise<void> {
  expect(
    (await server.call('CreateHub', { HubName_str: name, Online_bool: true, HubType_u32: 2 })).error,
  ).toBeUndefined();
  await server.call('CreateUser', { HubName_str: name, Name_str: 'anna', AuthType_u32: 0 });
}

describe('servers in a cluster', () => {
  test('find each other, and sessions are spread over them', async () => {
    const [one, two] = (await cluster(2)) as [ClusterServer, ClusterServer];
    for (const hub of ['A', 'B']) await createHub(one, hub);
    const places = [await logIn(one, 'A').connected(), await logIn(one, 'B').connected()];
    expect(places.sort()).toEqual([one.port, two.port].sort());
  });
});
