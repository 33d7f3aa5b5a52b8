import type { ClusterServerStatus, ClusterTasks, InitRequest } from '#cluster';
import { ErrorCode } from '#softether';
import { bool, data, int, int64, list, many, str, time } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { operation } from './operation.ts';
import { refuse, type Refusal } from './refusal.ts';

/** The steps of `hubfarm cluster …`. They take a while, and most of them restart the server: each begins a task. */
const taskOutput = { TaskId: str('to be asked for with HubfarmGetClusterTask') };

const nameFields = {
  ServerName: str('name of this server in the cluster; empty: the one it has'),
  PublicAddress: str('IPv4 address that clients are sent to; empty: the one that the others see'),
  PublicPorts: many(int('where clients are sent; none: the ports of the listeners')),
  Weight: int('100 = normal; 0 = 100'),
  ControllerOnly: bool('takes no sessions while it is the controller'),
};

interface NameInput {
  readonly ServerName: string;
  readonly PublicAddress: string;
  readonly PublicPorts: readonly number[];
  readonly Weight: number;
  readonly ControllerOnly: boolean;
}

/** What was left empty is left to the server. */
const namesOf = ({ ServerName, PublicAddress, PublicPorts, Weight, ControllerOnly }: NameInput): InitRequest => ({
  ...(ServerName === '' ? {} : { serverName: ServerName }),
  ...(PublicAddress === '' ? {} : { publicAddress: PublicAddress }),
  ...(PublicPorts.length === 0 ? {} : { publicPorts: PublicPorts }),
  ...(Weight === 0 ? {} : { weight: Weight }),
  controllerOnly: ControllerOnly,
});

function withTasks<T>({ cluster }: AdminContext, run: (tasks: ClusterTasks) => T): T | Refusal {
  const tasks = cluster?.tasks;
  return tasks === undefined ? refuse(ErrorCode.NOT_SUPPORTED, 'this server cannot be part of a cluster') : run(tasks);
}

/** A task without a restart at its end. */
const nothing = (done: Promise<void>): Promise<undefined> => done.then(() => undefined);

const modeNames = { standalone: 'stand-alone', controller: 'controller', member: 'member' } as const;

const serverRow = (server: ClusterServerStatus) => ({
  ServerName: server.serverName,
  State: server.state,
  IsController: server.isController,
  IsEligible: server.isEligible,
  EngineRole: server.engineRole,
  Address: server.address,
  PublicAddress: server.publicAddress,
  PublicPorts: server.publicPorts.join(', '),
  Version: server.version,
  NumMembers: server.members,
  NumSessions: server.sessions,
  NumMediaCalls: server.mediaCalls,
  Point: server.points,
  CertificateEndTime: server.certificateNotAfterMs,
  Cause: server.cause,
});

export const clusterStepOperations = [
  operation({
    name: 'HubfarmInitCluster',
    noun: 'cluster',
    verb: 'init',
    about: 'Makes this server the first of a cluster, and its controller. Begins a task; the server is started again.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: nameFields,
    output: taskOutput,
    run: (context, input, call) =>
      withTasks(context, (tasks) => {
        if (context.licences?.allowsClusters() === false) {
          const why = 'clusters need an Enterprise or Carrier licence on each server: register one here first';
          return refuse(ErrorCode.NO_VPN_CLUSTER_LICENSE, why);
        }
        const request = namesOf(input);
        call.changed('cluster', undefined, request);
        return { TaskId: tasks.start('init', (steps, progress) => steps.init(request, progress)) };
      }),
  }),
  operation({
    name: 'HubfarmJoinCluster',
    noun: 'cluster',
    verb: 'join',
    about:
      "Makes this server a member of another one's cluster. Begins a task; the server is started again. Nothing is changed " +
      'on either side when a step fails.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: {
      Host: str('of the controller: a name or an address'),
      Port: int('any of its listeners'),
      HashedPassword: data('SHA-0 of its administration password; it is proven, never sent'),
      UncheckedAddress: bool('the controller does not try to reach the public ports'),
      ...nameFields,
    },
    output: taskOutput,
    run: (context, input, call) =>
      withTasks(context, (tasks) => {
        const { Host: host, Port: port, HashedPassword: hashedPassword, UncheckedAddress: uncheckedAddress } = input;
        const names = namesOf(input);
        call.changed('cluster', undefined, { host, port, uncheckedAddress, ...names });
        const request = { host, port, hashedPassword, uncheckedAddress, ...names };
        return { TaskId: tasks.start(`join ${host}:${port}`, (steps, progress) => steps.join(request, progress)) };
      }),
  }),
  operation({
    name: 'HubfarmLeaveCluster',
    noun: 'cluster',
    verb: 'leave',
    about: 'Makes this server stand alone again. Begins a task; the server is started again.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { Force: bool('also where the controller cannot be told') },
    output: taskOutput,
    run: (context, { Force: isForced }, call) =>
      withTasks(context, (tasks) => {
        call.changed('cluster', {}, undefined);
        return { TaskId: tasks.start('leave', (steps, progress) => steps.leave({ isForced }, progress)) };
      }),
  }),
  operation({
    name: 'HubfarmRemoveClusterServer',
    noun: 'cluster',
    verb: 'remove',
    about: 'Takes a server out of the cluster, whether it runs or not. At the controller. Begins a task.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { ServerName: str() },
    output: taskOutput,
    run: (context, { ServerName: name }, call) =>
      withTasks(context, (tasks) => {
        call.changed(`server ${name} of the cluster`, {}, undefined);
        return { TaskId: tasks.start(`remove ${name}`, (steps, progress) => nothing(steps.remove(name, progress))) };
      }),
  }),
  operation({
    name: 'HubfarmPromoteClusterServer',
    noun: 'cluster',
    verb: 'promote',
    about: 'Lets a server become the controller when the present one is gone. At the controller. Begins a task.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { ServerName: str() },
    output: taskOutput,
    run: (context, { ServerName: name }, call) =>
      withTasks(context, (tasks) => {
        call.changed(`server ${name} of the cluster`, {}, { isEligible: true });
        return { TaskId: tasks.start(`promote ${name}`, (steps, progress) => nothing(steps.promote(name, progress))) };
      }),
  }),
  operation({
    name: 'HubfarmDrainClusterServer',
    noun: 'cluster',
    verb: 'drain',
    about:
      'Places nothing new on a server, so that it can be stopped when its sessions have gone; or again. At the controller, ' +
      'or on the server itself. Begins a task.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { ServerName: str(), Draining: bool('false = sessions are placed there again') },
    output: taskOutput,
    run: (context, { ServerName: name, Draining: isDraining }, call) =>
      withTasks(context, (tasks) => {
        call.changed(`server ${name} of the cluster`, undefined, { isDraining });
        const what = `${isDraining ? 'drain' : 'undrain'} ${name}`;
        return { TaskId: tasks.start(what, (steps, progress) => nothing(steps.drain(name, isDraining, progress))) };
      }),
  }),
  operation({
    name: 'HubfarmGetClusterTask',
    noun: 'cluster',
    verb: 'task',
    about: 'How far a task of the cluster is. It is known also after the server was started again in its new part.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: { TaskId: str(), FromStep: int('steps that are known already are left out') },
    output: {
      Task: str(),
      State: str('running, done or failed'),
      NumSteps: int('in all'),
      Steps: list({ Step: str(), Text: str(), State: str('started, done, failed or warning') }),
      Backup: str('path of the copy of the configuration on the server'),
      ErrorCode: str('empty unless it failed'),
      ErrorStep: str(),
      ErrorMessage: str(),
    },
    run: (context, input) =>
      withTasks(context, (tasks) => {
        const task = tasks.find(input.TaskId);
        if (task === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no task "${input.TaskId}"`);
        return {
          Task: task.what,
          State: task.state,
          NumSteps: task.steps.length,
          Steps: task.steps
            .slice(input.FromStep)
            .map(({ step, text, state }) => ({ Step: step, Text: text, State: state })),
          Backup: task.backup,
          ErrorCode: task.errorCode,
          ErrorStep: task.errorStep,
          ErrorMessage: task.errorMessage,
        };
      }),
  }),
  operation({
    name: 'HubfarmGetClusterStatus',
    noun: 'cluster',
    verb: 'status',
    about: 'The cluster as this server sees it: its own part, and every server with what is known of it.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {},
    output: {
      Mode: str('stand-alone, controller or member: as the server was told'),
      ClusterId: str(),
      ServerName: str('of this server'),
      Controller: str('where this server joined'),
      IsEligible: bool('this server may be the controller'),
      EngineRole: str('voter, learner or client'),
      EngineEndpoints: many(str()),
      Online: bool('this server is in touch with its cluster'),
      Cause: str('why it is not'),
      ConnectedTime: time(),
      NumTries: int64(),
      ControllerAddress: str('public address of the controller that is known now'),
      EngineRisk: str('what the engine of the cluster does not outlast; empty: any one server may be lost'),
      ConfigurationSeenTime: time(
        'the engine was away when this server started: hubs and users are those that it saw then, and cannot be changed',
      ),
      Servers: list({
        ServerName: str(),
        State: str('online, suspect, offline, joining or draining'),
        IsController: bool(),
        IsEligible: bool('may be the controller'),
        EngineRole: str(),
        Address: str(),
        PublicAddress: str(),
        PublicPorts: str(),
        Version: str(),
        NumMembers: int('threads'),
        NumSessions: int(),
        NumMediaCalls: int('calls whose media go through it'),
        Point: int(),
        CertificateEndTime: time(),
        Cause: str('why it is not online'),
      }),
    },
    run: (context) =>
      withTasks(context, async ({ steps }) => {
        const { mode, settings, connection, servers, engineRisk, configurationSeenAtMs } = await steps.status();
        const { host = '', port = 0 } = settings?.controller ?? {};
        const own = servers.find(({ serverName }) => serverName === settings?.serverName);
        return {
          Mode: modeNames[mode],
          ClusterId: settings?.clusterId ?? '',
          ServerName: settings?.serverName ?? '',
          Controller: host === '' ? '' : `${host}:${port}`,
          IsEligible: settings?.isEligible ?? false,
          EngineRole: own?.engineRole ?? settings?.engine.role ?? '',
          EngineEndpoints: settings?.engine.endpoints ?? [],
          Online: connection?.isOnline ?? servers.length > 0,
          Cause: connection?.cause ?? '',
          ConnectedTime: connection?.currentConnectedAtMs ?? 0,
          NumTries: connection?.tries ?? 0,
          ControllerAddress: servers.find(({ isController }) => isController)?.publicAddress ?? '',
          EngineRisk: engineRisk,
          ConfigurationSeenTime: configurationSeenAtMs ?? 0,
          Servers: servers.map(serverRow),
        };
      }),
  }),
];
