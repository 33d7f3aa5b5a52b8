import { exportJson, importJson } from '#backplane';
import { ErrorCode } from '#softether';
import { data, str } from '../schema/field.ts';
import { operation } from './operation.ts';
import { refuse } from './refusal.ts';

const configFields = { FileName: str(), FileData: data('one JSON document, UTF-8') };
const CONFIG_FILE_NAME = 'hubfarm.json';
/** What makes the cluster itself, the key of its authority among it: neither leaves with the configuration nor is replaced by it. */
/** The key of the SIP Farm: members have begun with it. */
const SIP_SECRET_KEY = 'cfg/sip/secret';
const CLUSTER_KEYS = 'cfg/cluster/';

/** What GetConfig and SetConfig move here: the JSON document of export and import, not the original's text format. */
export const configOperations = [
  operation({
    name: 'GetConfig',
    noun: 'config',
    verb: 'export',
    about: 'The whole configuration as one JSON document, secrets included.',
    role: 'server',
    effect: 'read',
    input: {},
    output: configFields,
    run: async (context) => {
      const document = await exportJson(context.backplane, context.clock, { omit: [CLUSTER_KEYS] });
      return { FileName: CONFIG_FILE_NAME, FileData: Buffer.from(JSON.stringify(document, null, 2), 'utf8') };
    },
  }),
  operation({
    name: 'SetConfig',
    noun: 'config',
    verb: 'import',
    about: 'Replaces the configuration by an exported one. Takes effect at once.',
    role: 'server',
    effect: 'change',
    input: configFields,
    output: configFields,
    run: async (context, input, call) => {
      const document = parseDocument(input.FileData);
      if (document === undefined) return refuse(ErrorCode.INVALID_PARAMETER, 'FileData is not a JSON document');
      const own = await context.backplane.get(SIP_SECRET_KEY);
      const { written, deleted } = await importJson(
        context.backplane,
        own === undefined ? document : withoutEntry(document, SIP_SECRET_KEY),
        { keep: [context.ownKeys, CLUSTER_KEYS, SIP_SECRET_KEY] },
      );
      call.changed('configuration', {}, { writtenRecords: written, deletedRecords: deleted });
      return { FileName: input.FileName, FileData: Buffer.alloc(0) };
    },
  }),
];

function withoutEntry(document: unknown, key: string): unknown {
  if (typeof document !== 'object' || document === null || !('entries' in document)) return document;
  const { entries } = document;
  if (!Array.isArray(entries)) return document;
  const others = (entries as readonly unknown[]).filter(
    (entry) => typeof entry !== 'object' || entry === null || !('key' in entry) || entry.key !== key,
  );
  return { ...document, entries: others };
}

function parseDocument(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
