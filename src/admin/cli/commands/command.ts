import type { Random, UserFiles } from '#io';
import type { Api } from '../api-client.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Json } from '../json-document.ts';
import { tableToJson, type Column, type Table } from '../output/table.ts';

/** What may stand behind a command. The table of commands drives parsing, prompts, help, completion and the docs. */
export interface Parameter {
  /** `[name]` = the word without a name; anything else is given as `/NAME:value`. */
  readonly name: string;
  readonly help: string;
  /** Present = the parameter is needed: a person is asked with these words, a script gets an error. */
  readonly prompt?: string;
  /** Typed twice and unseen. */
  readonly isSecret?: boolean;
  /** What is wrong with a value; undefined = nothing. */
  readonly check?: (value: string) => string | undefined;
}

/** The values of a command's parameters, by their names in the table. */
export class Arguments {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string {
    return this.#values.get(name) ?? '';
  }

  /** Decimal or 0x…; what is no number is 0, as in vpncmd. */
  integer(name: string): number {
    return parseInteger(this.text(name));
  }

  /** `yes`, `true`, or a number that is not 0. */
  isYes(name: string): boolean {
    return /^\s*[yt]/i.test(this.text(name)) || this.integer(name) !== 0;
  }
}

export function parseInteger(text: string): number {
  const digits = /^\s*(0x[0-9a-f]+|\d+)/i.exec(text)?.[1] ?? '0';
  return Math.min(Number(digits), 0xffff_ffff);
}

/** The hub that commands act on; the Hub command changes it. */
export interface HubSelection {
  hubName: string | undefined;
}

/** What a command works with. */
export interface CommandContext {
  readonly api: Api;
  readonly selection: HubSelection;
  readonly files: UserFiles;
  readonly random: Random;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Of hubfarm. */
  readonly version: string;
}

export type Block =
  /** Shown as it is, also in CSV; left out of JSON. */
  { readonly kind: 'text'; readonly lines: readonly string[] } | { readonly kind: 'table'; readonly table: Table };

/** What a command has to show. */
export interface Outcome {
  readonly blocks: readonly Block[];
  /** What `--json` prints, where it is not simply the one table. */
  readonly json?: Json;
  /** What a verb ends with although it has shown what it was asked for; absent = 0. */
  readonly exitCode?: ExitCode;
}

export interface Command {
  /** As vpncmd spells it. */
  readonly name: string;
  /** What vpncmd prints behind the name, and help shows. */
  readonly title: string;
  readonly help: string;
  readonly parameters: readonly Parameter[];
  /** Acts on the selected hub. */
  readonly needsHub: boolean;
  /** JSON-RPC methods that it calls, in order. */
  readonly calls: readonly string[];
  /** Columns of the list that it prints; none where it prints no list. */
  readonly columns: readonly Column[];
  readonly run: (context: CommandContext, args: Arguments) => Promise<Outcome>;
}

export const nothingToShow: Outcome = { blocks: [] };

export const showTable = (table: Table): Outcome => ({ blocks: [{ kind: 'table', table }] });

export const showText = (lines: readonly string[], json?: Json): Outcome => ({
  blocks: [{ kind: 'text', lines }],
  ...(json === undefined ? {} : { json }),
});

/** The one table of an outcome as JSON, or what the command said instead. */
export function outcomeToJson({ blocks, json }: Outcome): Json {
  if (json !== undefined) return json;
  const block = blocks.find(({ kind }) => kind === 'table');
  return block?.kind === 'table' ? tableToJson(block.table) : {};
}

export const notEmpty = (value: string): string | undefined =>
  value === '' ? 'You cannot make a blank specification.' : undefined;

/** Selected before any command that needs a hub runs; see `run-command.ts`. */
export const selectedHub = ({ selection }: CommandContext): string => selection.hubName ?? '';
