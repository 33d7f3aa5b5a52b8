import { memberName } from '#cluster';
import { ErrorCode } from '#softether';
import { byServer, joined } from '../cluster/spread.ts';
import { data, int, list, str, time } from '../schema/field.ts';
import { operation } from './operation.ts';
import { refuse, type Refusal } from './refusal.ts';
import { nameHere } from './server-role.ts';

/** As the original: clients ask again, from the end of what they have, until nothing comes. */
const MAX_PART_BYTES = 655_360;

const readFields = {
  FilePath: str('from the list'),
  ServerName: str('from the list: the member that has the file; empty = this one'),
  Offset: int('bytes from the beginning'),
};

const readOutput = { ...readFields, Buffer: data(`at most ${MAX_PART_BYTES} bytes; empty = the end`) };

const notFound = (path: string, member: string): Refusal =>
  refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no log file "${path}"${member === '' ? '' : ` on member ${member}`}`);

export const logFileOperations = [
  operation({
    name: 'EnumLogFile',
    noun: 'log',
    verb: 'list',
    about:
      'Log files that can be read from here, in a cluster those of all members: audit logs. All else goes to standard ' +
      'output. Hub administrators see none.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {
      NumItem: int(),
      LogFiles: list({ FilePath: str(), ServerName: str(), FileSize: int('bytes'), UpdatedTime: time() }),
    },
    run: async (context, _input, { caller }) => {
      const files = caller.role === 'server' ? ((await context.logs?.list()) ?? []) : [];
      const ServerName = nameHere(context);
      return {
        NumItem: files.length,
        LogFiles: files.map(({ path, bytes, modifiedAtMs }) => ({
          FilePath: path,
          ServerName,
          FileSize: bytes,
          UpdatedTime: modifiedAtMs,
        })),
      };
    },
    across: joined((outputs) => {
      const here = outputs[0]!.name;
      const files = byServer(outputs).flatMap((server) =>
        server.outputs[0]!.LogFiles.map((file) => ({ ...file, ServerName: server.name === '' ? here : server.name })),
      );
      return { NumItem: files.length, LogFiles: files };
    }),
  }),
  operation({
    name: 'ReadLogFile',
    noun: 'log',
    verb: 'read',
    about: 'A part of a log file, on whichever member it is.',
    role: 'server',
    effect: 'read',
    input: readFields,
    output: readOutput,
    run: async (context, input) => {
      const part = await context.logs?.read(input.FilePath, input.Offset, MAX_PART_BYTES);
      if (part === undefined) return notFound(input.FilePath, '');
      return { ...input, Buffer: part };
    },
    across: async (asked) => {
      const { operation: question, input, others } = asked;
      const wanted = input.ServerName.toLowerCase();
      if (wanted === '' || wanted === memberName(others.self).toLowerCase()) return asked.own();
      const member = others.named(wanted);
      const answer = member === undefined ? undefined : await others.askOne(member, question, input);
      return answer ?? notFound(input.FilePath, input.ServerName);
    },
  }),
];
