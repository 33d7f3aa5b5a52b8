import { describe, expect, test } from 'vitest';
import { sha0 } from '#base';
import type { Clock } from '#io';
import { createNodeClock } from '#io/node';
import type { JsonObject } from '../../../src/admin/cli/json-document.ts';
import { FakeFiles, FakeServer, FakeTerminal, hubfarm, type Answer, type Machine, type Run } from './fake-machine.ts';

/** Waiting takes no time. */
const clock: Clock = { ...createNodeClock(), after: (_, run) => createNodeClock().after(0, run) };

const step = (text: string, state: string) => ({ Step_str: 'x', Text_str: text, State_str: state });
const running = (...steps: object[]): Answer => ({
  State_str: 'running',
  NumSteps_u32: steps.length,
  Steps: steps as never,
});
const done: Answer = { State_str: 'done', NumSteps_u32: 3, Steps: [], Backup_str: '/data/backup.json' };
const failed: Answer = {
  ...{ State_str: 'failed', NumSteps_u32: 1, Steps: [], ErrorCode_str: 'CLOCK_SKEW', ErrorStep_str: 'compare clocks' },
  ErrorMessage_str: 'the clock is 7.0 s behind: set both by NTP',
};

/** Answers of HubfarmGetClusterTask, one after the other; the last one for ever. */
function taskServer(answers: readonly Answer[], more: Readonly<Record<string, Answer>> = {}): FakeServer {
  const waiting = [...answers];
  const begun: Answer = { TaskId_str: 'task1' };
  return new FakeServer({
    HubfarmInitCluster: begun,
    HubfarmJoinCluster: begun,
    HubfarmLeaveCluster: begun,
    HubfarmDrainClusterServer: begun,
    HubfarmRemoveClusterServer: begun,
    HubfarmPromoteClusterServer: begun,
    HubfarmGetClusterTask: () => (waiting.length > 1 ? waiting.shift() : waiting[0]) ?? done,
    ...more,
  });
}

const run = (line: string, machine: Machine): Promise<Run> => hubfarm(line.split(' '), { clock, ...machine });
const environment = { HUBFARM_CLUSTER_PASSWORD: 'secret' };

describe('hubfarm cluster join', () => {
  test('hands over the hash of the password, and shows step by step how it goes', async () => {
    const first = [step('connect to 192.0.2.1:443', 'started'), step('connect to 192.0.2.1:443', 'done')];
    const server = taskServer([running(...first), running(), done]);
    const { code, output, errors } = await run('cluster join 192.0.2.1 --server x', { server, environment });
    expect(code).toBe(0);
    expect(errors).toBe('[  ok  ] connect to 192.0.2.1:443\n');
    expect(output).toBe(
      'this server is a member of the cluster of 192.0.2.1:443\n' +
        'The configuration as it was is in /data/backup.json on the server.\n',
    );
    expect(server.paramsOf('HubfarmJoinCluster')).toEqual({
      ...{ Host_str: '192.0.2.1', Port_u32: 443, HashedPassword_bin: sha0('secret').toString('base64') },
      ...{
        UncheckedAddress_bool: false,
        ServerName_str: '',
        PublicAddress_str: '',
        PublicPorts_u32: [],
        Weight_u32: 0,
      },
      ControllerOnly_bool: false,
    });
    expect(server.paramsOf('HubfarmGetClusterTask')).toMatchObject({ TaskId_str: 'task1', FromStep_u32: 2 });
  });

  test('takes name, addresses, ports and weight', async () => {
    const server = taskServer([done]);
    const line =
      'cluster join [2001:db8::1]:992 --server x --name beta --public-address 203.0.113.5 --public-port 443,992 --weight 50 --unchecked-address';
    expect((await run(line, { server, environment })).code).toBe(0);
    expect(server.paramsOf('HubfarmJoinCluster')).toMatchObject({
      ...{ Host_str: '2001:db8::1', Port_u32: 992, ServerName_str: 'beta', PublicAddress_str: '203.0.113.5' },
      ...{ PublicPorts_u32: [443, 992], Weight_u32: 50, UncheckedAddress_bool: true },
    });
  });

  test('reads the password from a file, or asks for it unseen, and takes none from the command line', async () => {
    const files = new FakeFiles({ '/run/pw': 'from file\n' });
    const byFile = taskServer([done]);
    await run('cluster join a --server x --password-file /run/pw', { server: byFile, files });
    expect(byFile.paramsOf('HubfarmJoinCluster')['HashedPassword_bin']).toBe(sha0('from file').toString('base64'));
    const terminal = new FakeTerminal(['', 'typed']);
    const typed = taskServer([done]);
    await run('cluster join a --server x', { server: typed, terminal });
    expect(terminal.prompts.at(-1)).toBe('Administrator password of a:443: ');
    expect(typed.paramsOf('HubfarmJoinCluster')['HashedPassword_bin']).toBe(sha0('typed').toString('base64'));
    const nobody = await run('cluster join a --server x', { server: taskServer([done]) });
    expect(nobody.code).toBe(2);
    expect(nobody.errors).toContain('give it with --password-file or HUBFARM_CLUSTER_PASSWORD');
    expect((await run('cluster join a --server x --password p', { server: taskServer([done]) })).code).toBe(2);
    const empty = await run('cluster join a --server x', {
      server: taskServer([done]),
      environment: { HUBFARM_CLUSTER_PASSWORD: '' },
    });
    expect(empty.errors).toContain('a controller lets nobody join without one');
  });

  test('ends with the step that failed, what was wrong with it and what to do', async () => {
    const server = taskServer([running(step('compare clocks', 'failed')), failed]);
    const text = await run('cluster join a --server x', { server, environment });
    expect(text.code).toBe(1);
    expect(text.errors).toContain('[FAILED] compare clocks\n');
    expect(text.errors).toContain('compare clocks: the clock is 7.0 s behind: set both by NTP');
    const json = await run('cluster join a --server x --json', { server: taskServer([failed]), environment });
    expect(JSON.parse(json.errors)).toMatchObject({ error: { code: 'CLOCK_SKEW' } });
  });

  test('waits while the server is started again', async () => {
    const server = taskServer([running(), done]);
    let looks = 0;
    server.answers.set('HubfarmGetClusterTask', () => {
      looks++;
      if (looks === 1) server.isUp = false;
      return looks === 1 ? running() : done;
    });
    const back = createNodeClock().after(50, () => {
      server.isUp = true;
    });
    const { code } = await run('cluster join a --server x', { server, environment });
    back.cancel();
    expect([code, looks]).toEqual([0, 2]);
  });

  test('gives up when the server does not come back', async () => {
    const server = taskServer([done]);
    server.answers.set('HubfarmJoinCluster', () => {
      server.isUp = false;
      return { TaskId_str: 'task1' };
    });
    const { code, errors } = await run('cluster join a --server x', { server, environment });
    expect(code).toBe(3);
    expect(errors).toContain('the server does not answer since 120 s');
  });

  test.each([
    ['cluster join', 2],
    ['cluster join a:99999 --server x', 2],
    ['cluster join a --server x --public-port 443,http', 2],
    ['cluster join a --server x --weight 0', 2],
  ])('%s makes no sense', async (line, code) => {
    expect((await run(line, { server: taskServer([done]), environment })).code).toBe(code);
  });
});

describe('hubfarm cluster', () => {
  test('init, leave, drain, remove and promote are tasks too', async () => {
    const own: Answer = { Mode_str: 'member', ServerName_str: 'beta' };
    const server = taskServer([done], { HubfarmGetClusterStatus: own });
    const outputs = [];
    for (const line of [
      'init --weight 200',
      'leave --force',
      'drain',
      'drain gamma --undo',
      'remove gamma',
      'promote gamma',
    ]) {
      const { output, code } = await run(`cluster ${line} --server x`, { server });
      outputs.push(output.split('\n')[0]);
      expect(code).toBe(0);
    }
    expect(outputs).toEqual([
      'this server is the controller of a new cluster; on others run "hubfarm cluster join HOST[:PORT]"',
      'this server stands alone',
      'nothing new is placed on beta',
      'sessions are placed on gamma again',
      'gamma belongs to the cluster no more',
      'gamma may be the controller from now on; it starts its services again, so its sessions log in anew',
    ]);
    expect(server.paramsOf('HubfarmInitCluster')).toMatchObject({ Weight_u32: 200 });
    expect(server.paramsOf('HubfarmLeaveCluster')).toEqual({ Force_bool: true });
    expect(server.paramsOf('HubfarmDrainClusterServer')).toEqual({ ServerName_str: 'gamma', Draining_bool: false });
  });

  test('status shows the part of this server and every server', async () => {
    const row = (name: string, more: object) => ({
      ...{ ServerName_str: name, State_str: 'online', EngineRole_str: 'voter', PublicAddress_str: '192.0.2.1' },
      ...{ PublicPorts_str: '443', NumMembers_u32: 2, NumSessions_u32: 7, Point_u32: 99_000, ...more },
    });
    const server = taskServer([done], {
      HubfarmGetClusterStatus: {
        ...{ Mode_str: 'member', ClusterId_str: '0123456789abcdef', ServerName_str: 'beta', Online_bool: true },
        Servers: [
          row('alpha', { IsController_bool: true, IsEligible_bool: true }),
          row('beta', { State_str: 'draining' }),
        ],
      },
    });
    const { output } = await run('cluster status --server x', { server });
    expect(output).toContain('0123456789abcdef');
    expect(output).toMatch(/alpha.*online.*controller.*voter/);
    expect(output).toMatch(/beta.*draining.*member/);
    const json = JSON.parse((await run('cluster status --server x --json', { server })).output) as {
      servers: object[];
    };
    expect(json.servers[0]).toMatchObject({ server: 'alpha', role: 'controller', sessions: 7, points: 99_000 });
  });

  test('status at the server that made the cluster names who is the controller now', async () => {
    const row = (name: string, isController: boolean): JsonObject => ({
      ...{ ServerName_str: name, State_str: 'online', IsController_bool: isController, IsEligible_bool: true },
    });
    const statusWith = async (leader: string): Promise<string> => {
      const Servers = ['alpha', 'beta'].map((name) => row(name, name === leader));
      const answer = { Mode_str: 'controller', ClusterId_str: '01', ServerName_str: 'alpha', Servers };
      return (
        await run('cluster status --server x', { server: taskServer([done], { HubfarmGetClusterStatus: answer }) })
      ).output;
    };
    const followed = await statusWith('beta');
    expect(followed).toMatch(/^Mode +\|candidate$/m);
    expect(followed).toMatch(/^Controller *\|beta$/m);
    expect(await statusWith('nobody')).toMatch(/^Controller *\|none at the moment$/m);
  });

  test('status of a server that stands alone says only that', async () => {
    const server = taskServer([done], { HubfarmGetClusterStatus: { Mode_str: 'stand-alone' } });
    const { output } = await run('cluster status --server x', { server });
    expect(output).toContain('stand-alone');
    expect(output).not.toContain('Cluster ');
  });

  test('drain asks which server where this one is in no cluster', async () => {
    const server = taskServer([done], { HubfarmGetClusterStatus: { Mode_str: 'stand-alone' } });
    const { code, errors } = await run('cluster drain --server x', { server });
    expect([code, errors.includes('this server is in no cluster')]).toEqual([2, true]);
  });
});
