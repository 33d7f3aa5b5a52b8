import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { freePorts } from '../../io/node/free-ports.ts';
import { callLocal, type RpcAnswer } from './local-api.ts';
import { ServeProcess } from './serve-process.ts';

const password = 'cluster-word';

export interface ClusterServerOptions {
  readonly members?: number;
  /** `--set` words. */
  readonly more?: readonly string[];
}

/** One server of a cluster, all on this machine. */
export class ClusterServer {
  readonly name: string;
  readonly port: number;
  readonly busPort: number;
  readonly dataDirectory: string;
  readonly #args: readonly string[];
  process: ServeProcess;

  private constructor(name: string, port: number, busPort: number, dataDirectory: string, args: readonly string[]) {
    this.name = name;
    this.port = port;
    this.busPort = busPort;
    this.dataDirectory = dataDirectory;
    this.#args = args;
    this.process = this.#spawn();
  }

  static async start(
    folder: string,
    name: string,
    { members = 1, more = [] }: ClusterServerOptions = {},
  ): Promise<ClusterServer> {
    const port = await freePorts(2 * members + 2);
    const bus = port + members;
    const [client, peer] = [bus + members, bus + members + 1];
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
    const server = new ClusterServer(name, port, bus, join(folder, name), ['--set', ...sets, ...more]);
    await server.process.isUp();
    return server;
  }

  async restart(): Promise<void> {
    this.process = this.#spawn();
    await this.process.isUp();
  }

  call(method: string, params: object = {}): Promise<RpcAnswer> {
    return callLocal(this.dataDirectory, method, params);
  }

  /** ServerType 1: the controller of a new cluster. */
  async makeCluster(): Promise<void> {
    const answer = await this.call('SetFarmSetting', { ServerType_u32: 1, Weight_u32: 100, ControllerOnly_bool: true });
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

  /** Waits for the end of something that began as a task. */
  async task(method: string, params: object): Promise<void> {
    const { result, error } = await this.call(method, params);
    expect(error).toBeUndefined();
    const taskId = result?.['TaskId_str'];
    await vi.waitFor(
      async () => {
        const task = await this.call('HubfarmGetClusterTask', { TaskId_str: taskId });
        expect(task.result?.['State_str']).not.toBe('running');
      },
      { timeout: 60_000, interval: 100 },
    );
    const task = await this.call('HubfarmGetClusterTask', { TaskId_str: taskId });
    if (task.result?.['State_str'] !== 'done') throw new Error(JSON.stringify(task));
  }

  async members(): Promise<readonly string[]> {
    const { result } = await this.call('HubfarmEnumMember');
    const list = result?.['MemberList'] as { readonly Name_str: string; readonly State_str: string }[];
    return list.map((member) => `${member.Name_str} ${member.State_str}`).sort();
  }

  /** Of all servers, as the controller lists them. */
  async engineRoles(): Promise<readonly string[]> {
    const { result } = await this.call('HubfarmGetClusterStatus');
    return (result?.['Servers'] as { readonly EngineRole_str: string }[]).map(({ EngineRole_str: role }) => role);
  }

  #spawn(): ServeProcess {
    return new ServeProcess(this.dataDirectory, this.#args, { HUBFARM_ADMIN_PASSWORD: password });
  }
}
