import type { Fields } from '../fields.ts';
import type { JsonObject } from '../json-document.ts';
import type { Cell } from '../output/cell.ts';
import type { Column, Property, Table } from '../output/table.ts';
import {
  nothingToShow,
  selectedHub,
  showTable,
  type Arguments,
  type Command,
  type CommandContext,
  type Parameter,
} from './command.ts';

/** What every kind of command says of itself. */
interface Basics {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  readonly parameters?: readonly Parameter[];
  readonly needsHub?: boolean;
}

const basics = ({ name, title, help, parameters = [], needsHub = false }: Basics) => ({
  name,
  title,
  help,
  parameters,
  needsHub,
});

/** The parameters that address the selected hub, where the command has one. */
const hubParams = (spec: Basics, context: CommandContext): JsonObject =>
  spec.needsHub === true ? { HubName_str: selectedHub(context) } : {};

export interface ListColumn extends Column {
  /** `facts` = what the call `first` answered. */
  readonly value: (row: Fields, facts: Fields) => Cell;
}

export interface ListSpec extends Basics {
  readonly call: string;
  /** Name of the rows in the answer. */
  readonly group: string;
  readonly view: 'grid' | 'records';
  readonly columns: readonly ListColumn[];
  /** A call made before; columns see its answer. */
  readonly first?: string;
  readonly keep?: (row: Fields, args: Arguments) => boolean;
}

/** Calls once, prints the rows. */
export function listCommand(spec: ListSpec): Command {
  const { call, group, view, columns, first, keep } = spec;
  const run: Command['run'] = async (context, args) => {
    const facts = first === undefined ? undefined : await context.api.call(first);
    const answer = await context.api.call(call, hubParams(spec, context));
    const rows = answer.rows(group).filter((row) => keep?.(row, args) ?? true);
    const cells = rows.map((row) => columns.map(({ value }) => value(row, facts ?? answer)));
    return showTable({ kind: view, columns, rows: cells });
  };
  return { ...basics(spec), calls: first === undefined ? [call] : [first, call], columns, run };
}

/** One line of a property table, and when it is shown. */
export interface Item {
  readonly key: string;
  readonly title: string;
  readonly value: (answer: Fields) => Cell;
  readonly when?: (answer: Fields) => boolean;
}

export interface PropertiesSpec extends Basics {
  readonly call: string;
  readonly params?: (args: Arguments) => JsonObject;
  readonly items: readonly Item[];
}

export const toProperties = (items: readonly Item[], answer: Fields): Property[] =>
  items
    .filter(({ when }) => when?.(answer) ?? true)
    .map(({ key, title, value }) => ({ key, title, value: value(answer) }));

export const propertyTable = (items: readonly Item[], answer: Fields): Table => ({
  kind: 'properties',
  properties: toProperties(items, answer),
});

/** Calls once, prints what it answered line by line. */
export function propertiesCommand(spec: PropertiesSpec): Command {
  const { call, params, items } = spec;
  const run: Command['run'] = async (context, args) => {
    const answer = await context.api.call(call, { ...hubParams(spec, context), ...params?.(args) });
    return showTable(propertyTable(items, answer));
  };
  return { ...basics(spec), calls: [call], columns: [], run };
}

export interface ActionSpec extends Basics {
  readonly call: string;
  readonly params?: (args: Arguments) => JsonObject;
}

/** Calls once, prints nothing but that it worked. */
export function actionCommand(spec: ActionSpec): Command {
  const run: Command['run'] = async (context, args) => {
    await context.api.call(spec.call, { ...hubParams(spec, context), ...spec.params?.(args) });
    return nothingToShow;
  };
  return { ...basics(spec), calls: [spec.call], columns: [], run };
}

export interface CustomSpec extends Basics {
  readonly calls: readonly string[];
  readonly columns?: readonly Column[];
  readonly run: Command['run'];
}

export function customCommand(spec: CustomSpec): Command {
  return { ...basics(spec), calls: spec.calls, columns: spec.columns ?? [], run: spec.run };
}
