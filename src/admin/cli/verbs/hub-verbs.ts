import { showTable, type Outcome } from '../commands/command.ts';
import { HubType } from '../commands/words.ts';
import { usageError } from '../exit-code.ts';
import type { JsonObject } from '../json-document.ts';
import { hubPasswordHashes } from '../password-hashes.ts';
import { generatedLine, givenPassword, passwordOptions } from './new-password.ts';
import { namedVerb, runNamed, said, type Verb, type VerbContext, type VerbOption } from './verb.ts';

const typeOptions: readonly VerbOption[] = [
  { flags: '--static', about: 'in a cluster: run on every member' },
  { flags: '--dynamic', about: 'in a cluster: run on one member at a time' },
];

const limitOptions: readonly VerbOption[] = [
  { flags: '--max-sessions <number>', about: 'sessions at a time; 0 = no limit' },
  { flags: '--hidden', about: 'do not show the hub to anybody who asks for hubs' },
  { flags: '--listed', about: 'show it' },
];

function wantedType({ options }: VerbContext): number | undefined {
  if (options.isSet('static') && options.isSet('dynamic'))
    throw usageError('--static and --dynamic exclude each other');
  if (options.isSet('static')) return HubType.static;
  return options.isSet('dynamic') ? HubType.dynamic : undefined;
}

function wantedLimits({ options }: VerbContext): JsonObject {
  const limit = options.text('maxSessions');
  if (limit !== undefined && !/^\d{1,9}$/.test(limit)) throw usageError(`--max-sessions ${limit}: give a number`);
  return {
    ...(limit === undefined ? {} : { MaxSession_u32: Number(limit) }),
    ...(options.isSet('hidden') ? { NoEnum_bool: true } : {}),
    ...(options.isSet('listed') ? { NoEnum_bool: false } : {}),
  };
}

async function changeHub(context: VerbContext, name: string, changes: JsonObject): Promise<void> {
  const hub = await context.api.call('GetHub', { HubName_str: name });
  await context.api.call('SetHub', { ...hub.object, ...changes });
}

async function createHub(context: VerbContext, name: string): Promise<Outcome> {
  const { api, random, runtime, options } = context;
  const password = await givenPassword(runtime, options);
  const limits = wantedLimits(context);
  const isController = (await api.call('GetServerInfo')).integer('ServerType') === 1;
  await api.call('CreateHub', {
    HubName_str: name,
    HubType_u32: wantedType(context) ?? (isController ? HubType.dynamic : HubType.standalone),
    Online_bool: true,
    // Nobody administers the hub alone until a password is set: an empty one would let anybody in.
    ...hubPasswordHashes(password?.text ?? random.bytes(32).toString('base64')),
  });
  if (Object.keys(limits).length > 0) await changeHub(context, name, limits);
  return withPassword(`hub ${name} created`, name, password);
}

async function setHub(context: VerbContext, name: string): Promise<Outcome> {
  const password = await givenPassword(context.runtime, context.options);
  const type = wantedType(context);
  const changes: JsonObject = {
    ...wantedLimits(context),
    ...(type === undefined ? {} : { HubType_u32: type }),
    ...(password === undefined ? {} : hubPasswordHashes(password.text)),
  };
  if (Object.keys(changes).length === 0) throw usageError('nothing to set: see hubfarm hub set --help');
  await changeHub(context, name, changes);
  return withPassword(`hub ${name} changed`, name, password);
}

function withPassword(line: string, name: string, password: Awaited<ReturnType<typeof givenPassword>>): Outcome {
  const generated = password?.isGenerated === true ? password : undefined;
  const lines = [line, ...(generated === undefined ? [] : generatedLine(`hub ${name}`, generated))];
  const json = generated === undefined ? { name } : { name, password: generated.text };
  return { blocks: [{ kind: 'text', lines }], json };
}

/** Status and options in one. */
async function showHub(context: VerbContext, name: string): Promise<Outcome> {
  const inHub = { ...context, selection: { hubName: name } };
  const outcomes = [await runNamed(inHub, 'StatusGet'), await runNamed(inHub, 'OptionsGet')];
  const lines = outcomes.flatMap(({ blocks }) =>
    blocks.flatMap((block) =>
      block.kind === 'table' && block.table.kind === 'properties' ? block.table.properties : [],
    ),
  );
  // Both have the type and the state.
  const isFirst = (key: string, at: number): boolean => lines.findIndex((line) => line?.key === key) === at;
  const properties = lines.filter((line, at) => line !== undefined && isFirst(line.key, at));
  return showTable({ kind: 'properties', properties });
}

export const hubVerbs: readonly Verb[] = [
  {
    noun: 'hub',
    verb: 'create',
    about: 'make a hub',
    words: ['<name>'],
    options: [...passwordOptions, ...typeOptions, ...limitOptions],
    hasPassword: true,
    run: (context, [name = '']) => createHub(context, name),
  },
  namedVerb({
    noun: 'hub',
    verb: 'list',
    about: 'list the hubs',
    command: 'HubList',
    screenColumns: ['name', 'online', 'type', 'users', 'sessions', 'lastLoginAt', 'transferBytes'],
  }),
  {
    noun: 'hub',
    verb: 'show',
    about: 'show the state and settings of a hub',
    words: ['<name>'],
    run: (context, [name = '']) => showHub(context, name),
  },
  {
    noun: 'hub',
    verb: 'set',
    about: 'change settings of a hub',
    words: ['<name>'],
    options: [...passwordOptions, ...typeOptions, ...limitOptions],
    hasPassword: true,
    run: (context, [name = '']) => setHub(context, name),
  },
  ...(['online', 'offline'] as const).map((verb): Verb => ({
    noun: 'hub',
    verb,
    about: verb === 'online' ? 'let clients in' : 'disconnect all sessions and let nobody in',
    words: ['<name>'],
    run: async (context, [name = '']) => {
      await context.api.call('SetHubOnline', { HubName_str: name, Online_bool: verb === 'online' });
      return said(`hub ${name} is ${verb}`, { name, online: verb === 'online' });
    },
  })),
  namedVerb({
    noun: 'hub',
    verb: 'delete',
    about: 'delete a hub with its users',
    words: ['<name>'],
    command: 'HubDelete',
    parameters: ['[name]'],
    done: 'hub % deleted',
  }),
];
