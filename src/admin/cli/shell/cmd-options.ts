import type { ConnectionOptions } from '../connection.ts';
import { usageError, CliError, ExitCode } from '../exit-code.ts';
import type { OutputFormat } from '../output/format-kind.ts';
import { matchingNames } from '../syntax/abbreviation.ts';
import { allCommandNames } from '../syntax/find-command.ts';
import { sortWords } from '../syntax/slash-words.ts';
import { joinWords } from '../syntax/tokenizer.ts';

/** The command line of `hubfarm cmd`: vpncmd's own options with slashes, ours with two hyphens. */
export interface CmdOptions {
  readonly connection: ConnectionOptions;
  /** Selected from the start. */
  readonly hub: string | undefined;
  readonly format: OutputFormat;
  readonly inFile: string | undefined;
  readonly outFile: string | undefined;
  /** What follows /CMD; undefined = commands come from /IN or the input. */
  readonly commandLine: string | undefined;
  readonly isHelpWanted: boolean;
}

const slashNames = ['CLIENT', 'SERVER', 'TOOLS', 'HUB', 'ADMINHUB', 'PASSWORD', 'IN', 'OUT', 'CSV', 'PROGRAMMING'];

const flags = ['json', 'csv', 'insecure', 'help'] as const;
const settings = ['server', 'data-dir', 'password', 'password-file', 'fingerprint'] as const;

interface LongOptions {
  readonly flags: ReadonlySet<string>;
  readonly settings: ReadonlyMap<string, string>;
  /** What is left for vpncmd's rules. */
  readonly words: readonly string[];
}

/** Takes `--name`, `--name value` and `--name=value` out of `words`. */
function takeLongOptions(words: readonly string[]): LongOptions {
  const found = { flags: new Set<string>(), settings: new Map<string, string>(), words: [] as string[] };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const [, name = '', value] = /^--([a-z-]+)(?:=([^]*))?$/.exec(word) ?? [];
    if (value === undefined && (flags as readonly string[]).includes(name)) {
      found.flags.add(name);
    } else if ((settings as readonly string[]).includes(name)) {
      const given = value ?? words[++at];
      if (given === undefined) throw usageError(`--${name} needs a value`);
      found.settings.set(name, given);
    } else if (name !== '') {
      throw usageError(`unknown option --${name}: "hubfarm cmd --help" lists the options`);
    } else {
      found.words.push(word);
    }
  }
  return found;
}

function slashOptions(words: readonly string[]): { values: Map<string, string>; host: string | undefined } {
  const { named, unnamed } = sortWords(words);
  const values = new Map<string, string>();
  for (const { name, value } of named) {
    const [only, ...more] = matchingNames(name, slashNames);
    if (only === undefined || more.length > 0) {
      const problem = only === undefined ? 'is no option' : 'may mean several options';
      throw usageError(`/${name} ${problem} of hubfarm cmd: "hubfarm cmd --help" lists them`);
    }
    if (!values.has(only)) values.set(only, value);
  }
  const [host, extra] = unnamed;
  if (host !== undefined && allCommandNames.some((name) => name.toLowerCase() === host.toLowerCase())) {
    throw usageError(`${host} is a command: write it behind /CMD (hubfarm cmd /CMD ${host})`);
  }
  if (extra !== undefined) throw usageError(`"${extra}" is one word too many: commands stand behind /CMD`);
  return { values, host };
}

function refuseOtherModes(values: ReadonlyMap<string, string>): void {
  for (const mode of ['CLIENT', 'TOOLS', 'PROGRAMMING']) {
    if (!values.has(mode)) continue;
    throw new CliError('NOT_AVAILABLE', ExitCode.refused, `/${mode} is not available in this version of hubfarm`);
  }
}

const filled = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

/** Everything behind `hubfarm cmd`. Errors: `CliError`. */
export function parseCmdOptions(argv: readonly string[]): CmdOptions {
  const at = argv.findIndex((word) => /^[/-]CMD([:=]|$)/i.test(word));
  const before = at < 0 ? argv : argv.slice(0, at);
  const inline = at < 0 ? '' : (argv[at] ?? '').slice('/CMD:'.length);
  const behind = at < 0 ? [] : [inline, ...argv.slice(at + 1)];
  const long = takeLongOptions(before);
  // People add these at the end; vpncmd has no word that looks so.
  const isFormat = (word: string): boolean => word === '--json' || word === '--csv';
  const formats = new Set([...long.flags, ...behind.filter(isFormat).map((word) => word.slice(2))]);
  const { values, host } = slashOptions(long.words);
  refuseOtherModes(values);
  const adminOfHub = filled(values.get('HUB'));
  return {
    connection: {
      server: long.settings.get('server') ?? host,
      dataDirectory: long.settings.get('data-dir'),
      adminOfHub,
      password: long.settings.get('password') ?? values.get('PASSWORD'),
      passwordFile: long.settings.get('password-file'),
      fingerprint: long.settings.get('fingerprint'),
      isInsecure: long.flags.has('insecure'),
    },
    hub: adminOfHub ?? filled(values.get('ADMINHUB')),
    format: formats.has('json') ? 'json' : formats.has('csv') || values.has('CSV') ? 'csv' : 'text',
    inFile: at < 0 ? filled(values.get('IN')) : undefined,
    outFile: filled(values.get('OUT')),
    commandLine: at < 0 ? undefined : joinWords(behind.filter((word) => !isFormat(word))),
    isHelpWanted: long.flags.has('help') || /^[/-]?\?$|^help$/i.test(argv[0] ?? ''),
  };
}
