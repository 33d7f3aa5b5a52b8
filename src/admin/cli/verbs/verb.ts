import type { CommandContext, Outcome } from '../commands/command.ts';
import { commandNamed } from '../commands/table.ts';
import type { Json } from '../json-document.ts';
import type { CliRuntime } from '../runtime.ts';
import { resolveParameters } from '../syntax/resolve-parameters.ts';

/** The values of a verb's options, by commander's names. */
export class OptionValues {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  isSet(name: string): boolean {
    return this.#values[name] === true;
  }
}

export interface VerbContext extends CommandContext {
  readonly runtime: CliRuntime;
  /** The hub of `--hub`, or the only one there is; '' for verbs that need none. */
  readonly hubName: string;
  readonly options: OptionValues;
}

export interface VerbOption {
  /** As commander takes them: `--note <text>`. */
  readonly flags: string;
  readonly about: string;
}

/** `hubfarm <noun> <verb>`: the table commands in the words that people expect. */
export interface Verb {
  readonly noun: string;
  /** Empty where the noun stands alone (`hubfarm status`). */
  readonly verb: string;
  readonly about: string;
  /** As commander takes them: `<name>`, `[name]`. */
  readonly words?: readonly string[];
  readonly options?: readonly VerbOption[];
  readonly needsHub?: boolean;
  /** It has a `--password` of its own; that of the administrator is then only called `--admin-password`. */
  readonly hasPassword?: boolean;
  /** Columns of a list that are shown on a screen; all of them are in CSV and JSON. */
  readonly screenColumns?: readonly string[];
  /** With these options it needs no server. */
  readonly isLocal?: (options: OptionValues) => boolean;
  readonly run: (context: VerbContext, words: readonly string[]) => Promise<Outcome>;
}

/** Runs a command of the table with these parameters. */
export async function runNamed(
  context: CommandContext,
  name: string,
  values: Readonly<Record<string, string | undefined>> = {},
): Promise<Outcome> {
  const command = commandNamed(name);
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return command.run(context, await resolveParameters(command, new Map(given), undefined));
}

/** A line for people, and what a program gets instead. */
export const said = (line: string, json: Json): Outcome => ({ blocks: [{ kind: 'text', lines: [line] }], json });

export interface NamedVerb {
  readonly noun: string;
  readonly verb: string;
  readonly about: string;
  readonly words?: readonly string[];
  readonly needsHub?: boolean;
  readonly screenColumns?: readonly string[];
  /** The command of the table, and the parameter that each word fills. */
  readonly command: string;
  readonly parameters?: readonly string[];
  /** What is said when it worked, for commands that print nothing; `%` stands for the first word. */
  readonly done?: string;
}

/** A verb that is one command of the table under another name. */
export function namedVerb({ command, parameters = [], done, ...rest }: NamedVerb): Verb {
  return {
    ...rest,
    run: async (context, words) => {
      const outcome = await runNamed(
        context,
        command,
        Object.fromEntries(parameters.map((name, at) => [name, words[at]])),
      );
      return done === undefined ? outcome : said(done.replace('%', words[0] ?? ''), { name: words[0] ?? null });
    },
  };
}
