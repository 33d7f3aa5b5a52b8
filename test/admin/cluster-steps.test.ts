import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AdminContext } from '#admin';
import {
  ClusterFailure,
  ClusterTasks,
  type ClusterModes,
  type ClusterModeStatus,
  type ClusterStatus,
  type ClusterSteps,
  type StepProgress,
} from '#cluster';
import { createNodeRandom } from '#io/node';
import { openFixture, type Fixture } from './fixture.ts';
import { callJson } from './json-call.ts';

let fixture: Fixture;
let asked: unknown[];
let context: AdminContext;

const standingAlone: ClusterStatus = {
  mode: 'standalone',
  settings: undefined,
  connection: undefined,
  servers: [],
  engineRisk: '',
};
let status = standingAlone;
/** When it joined it was granted a vote. */
const granted: ClusterStatus['settings'] = {
  ...{ mode: 'member', clusterId: '0011', serverName: 'beta', isEligible: false, address: '192.0.2.2' },
  ...{ publicAddress: '192.0.2.2', publicPorts: [443], controller: { host: '192.0.2.1', port: 443 } },
  ...{ weight: 100, isControllerOnly: false, joinedAtMs: 0 },
  engine: { role: 'voter', endpoints: [], initialCluster: '' },
};
const beta: ClusterStatus['servers'][number] = {
  ...{ serverName: 'beta', isEligible: false, isController: false, state: 'online', engineRole: 'unknown' },
  ...{ address: '192.0.2.2', publicAddress: '192.0.2.2', publicPorts: [443], version: '1', members: 1, sessions: 0 },
  ...{ mediaCalls: 0, points: 100_000, certificateNotAfterMs: 0, cause: '' },
};
const refuse = (): never => {
  throw new Error('not in this test');
};

/** Remembers what it was asked for; joining takes two steps. */
const fakeSteps: ClusterSteps = {
  settings: () => undefined,
  connection: () => undefined,
  status: () => Promise.resolve(status),
  losses: () => Promise.resolve([]),
  init: (request) => {
    asked.push(['init', request]);
    return Promise.resolve({ backup: '/b.json', restarted: Promise.resolve() });
  },
  join: (request, progress) => {
    asked.push(['join', request]);
    progress({ step: 'connect', text: 'connect to a:443', state: 'started' });
    progress({ step: 'connect', text: 'connect to a:443', state: 'done' });
    return Promise.resolve({ backup: '/b.json', restarted: Promise.resolve() });
  },
  leave: (options) => {
    asked.push(['leave', options]);
    return Promise.reject(new ClusterFailure('LAST_CONTROLLER', 'register the server', 'promote another one first'));
  },
  remove: (name) => done(['remove', name]),
  promote: (name) => done(['promote', name]),
  drain: (name, isDraining) => done(['drain', name, isDraining]),
};

function done(what: unknown): Promise<void> {
  asked.push(what);
  return Promise.resolve();
}

const alone: ClusterModeStatus = {
  ...{ mode: 'standalone', weight: 100, isControllerOnly: false, publicAddress: '', publicPorts: [] },
  ...{ controllerHost: '', controllerPort: 0, connection: undefined },
};
const modes: ClusterModes = { status: () => alone, setStandalone: refuse, setController: refuse, setMember: refuse };

beforeEach(async () => {
  asked = [];
  status = standingAlone;
  fixture = await openFixture();
  const tasks = new ClusterTasks(fakeSteps, { random: createNodeRandom(), clock: fixture.clock });
  context = { ...fixture.context, cluster: { modes, tasks, backUp: refuse } };
});

afterEach(() => fixture.close());

async function result(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
  const answer = await callJson(context, method, params);
  if (!('result' in answer)) throw new Error(JSON.stringify(answer));
  return answer.result as Readonly<Record<string, unknown>>;
}

async function finished(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
  const { TaskId_str } = await result(method, params);
  expect(await result('HubfarmGetClusterTask', { TaskId_str })).toMatchObject({ State_str: 'running' });
  await fixture.clock.run(10);
  return result('HubfarmGetClusterTask', { TaskId_str });
}

describe('the steps of a cluster', () => {
  test('run as tasks that tell how far they are', async () => {
    const hashed = Buffer.alloc(20, 7);
    const join = { Host_str: 'a', Port_u32: 443, HashedPassword_bin: hashed.toString('base64'), Weight_u32: 50 };
    const task = await finished('HubfarmJoinCluster', {
      ...join,
      PublicPorts_u32: [443, 992],
      PublicAddress_str: '203.0.113.5',
    });
    expect(task).toMatchObject({
      ...{ Task_str: 'join a:443', State_str: 'done', NumSteps_u32: 2, Backup_str: '/b.json', ErrorCode_str: '' },
      Steps: [
        { Step_str: 'connect', Text_str: 'connect to a:443', State_str: 'started' },
        { Step_str: 'connect', Text_str: 'connect to a:443', State_str: 'done' },
      ],
    });
    expect(asked).toEqual([
      [
        'join',
        {
          ...{
            host: 'a',
            port: 443,
            hashedPassword: hashed,
            uncheckedAddress: false,
            weight: 50,
            controllerOnly: false,
          },
          ...{ publicPorts: [443, 992], publicAddress: '203.0.113.5' },
        },
      ],
    ]);
  });

  test('leave out what is known already', async () => {
    const { TaskId_str } = await result('HubfarmJoinCluster', { Host_str: 'a', Port_u32: 443, HashedPassword_bin: '' });
    await fixture.clock.run(10);
    const rest = await result('HubfarmGetClusterTask', { TaskId_str, FromStep_u32: 1 });
    expect(rest).toMatchObject({ NumSteps_u32: 2, Steps: [{ State_str: 'done' }] });
  });

  test('tell the step that failed and what to do', async () => {
    expect(await finished('HubfarmLeaveCluster', { Force_bool: false })).toMatchObject({
      ...{ State_str: 'failed', ErrorCode_str: 'LAST_CONTROLLER', ErrorStep_str: 'register the server' },
      ErrorMessage_str: 'promote another one first',
    });
  });

  test('pass on names and flags', async () => {
    await finished('HubfarmInitCluster', { ServerName_str: 'alpha', ControllerOnly_bool: true });
    await finished('HubfarmRemoveClusterServer', { ServerName_str: 'beta' });
    await finished('HubfarmPromoteClusterServer', { ServerName_str: 'beta' });
    await finished('HubfarmDrainClusterServer', { ServerName_str: 'beta', Draining_bool: true });
    expect(asked).toEqual([
      ['init', { serverName: 'alpha', controllerOnly: true }],
      ['remove', 'beta'],
      ['promote', 'beta'],
      ['drain', 'beta', true],
    ]);
  });

  test('are in the audit log, without the password', async () => {
    const secret = Buffer.alloc(20, 0x5a).toString('base64');
    await finished('HubfarmJoinCluster', { Host_str: 'a', Port_u32: 443, HashedPassword_bin: secret });
    expect(fixture.auditLines.join('\n')).toContain('HubfarmJoinCluster');
    expect(fixture.auditLines.join('\n')).not.toContain(secret);
  });

  test('are for server administrators, and for servers that can be in a cluster', async () => {
    const hub = { role: 'hub', hubName: 'DEFAULT', remoteAddress: '192.0.2.1', face: 'json-rpc' } as const;
    expect(await callJson(context, 'HubfarmInitCluster', {}, hub)).toMatchObject({ error: { code: 52 } });
    context = fixture.context;
    expect(await callJson(context, 'HubfarmInitCluster', {})).toMatchObject({ error: { code: 33 } });
    expect(await callJson(context, 'HubfarmGetClusterStatus', {})).toMatchObject({ error: { code: 33 } });
  });

  test('of an unknown task are an error', async () => {
    expect(await callJson(context, 'HubfarmGetClusterTask', { TaskId_str: 'x' })).toMatchObject({
      error: { code: 29 },
    });
  });

  test('of a server that stands alone show that', async () => {
    expect(await result('HubfarmGetClusterStatus')).toMatchObject({
      Mode_str: 'stand-alone',
      Servers: [],
      Online_bool: false,
    });
  });

  test('shows the part of the engine that this server has now, as in the list of all, not the one that it was granted', async () => {
    status = { ...standingAlone, mode: 'member', settings: granted, servers: [{ ...beta, engineRole: 'learner' }] };
    expect(await result('HubfarmGetClusterStatus')).toMatchObject({
      EngineRole_str: 'learner',
      Servers: [{ EngineRole_str: 'learner' }],
    });
    status = { ...status, servers: [] };
    expect(await result('HubfarmGetClusterStatus')).toMatchObject({ EngineRole_str: 'voter' });
  });
});

describe('tasks', () => {
  test('are kept only so many, the oldest go first', async () => {
    const tasks = new ClusterTasks(fakeSteps, { random: createNodeRandom(), clock: fixture.clock });
    const run = (_: ClusterSteps, progress: StepProgress): Promise<undefined> => {
      for (let count = 0; count < 600; count++) progress({ step: 'x', text: 'x', state: 'done' });
      return Promise.resolve(undefined);
    };
    const ids = Array.from({ length: 33 }, (_, at) => tasks.start(String(at), run));
    await fixture.clock.run(10);
    expect(tasks.find(ids[0]!)).toBeUndefined();
    expect(tasks.find(ids[1]!)).toMatchObject({ state: 'done' });
    expect(tasks.find(ids[32]!)?.steps).toHaveLength(500);
  });
});
