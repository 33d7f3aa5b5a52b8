import type { Json, JsonObject } from '../json-document.ts';
import type { Cell } from './cell.ts';

export interface Column {
  /** Name of the value in JSON. */
  readonly key: string;
  readonly title: string;
  readonly isRight?: boolean;
}

/** One line of a property table. */
export interface Property {
  readonly key: string;
  readonly title: string;
  readonly value: Cell;
}

/**
 * `grid`: a line for each row. `records`: a block of `Item|Value` lines for each row, as vpncmd shows wide lists; CSV
 * is the same for both. `properties`: one thing, a line for each of its values; undefined = a separating line.
 */
export type Table =
  | {
      readonly kind: 'grid' | 'records';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
    }
  | { readonly kind: 'properties'; readonly properties: readonly (Property | undefined)[] };

export interface TextTable {
  readonly columns: readonly { readonly title: string; readonly isRight: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

/** A cell that is drawn as a rule over the whole width of its column. */
export const RULE = '---';

const itemAndValue = ['Item', 'Value'].map((title) => ({ title, isRight: false }));

/** The table as rows of text; what CSV shows. */
export function toTextTable(table: Table): TextTable {
  if (table.kind === 'properties') {
    const rows = table.properties.map((line) => (line === undefined ? [RULE, RULE] : [line.title, line.value.text]));
    return { columns: itemAndValue, rows };
  }
  return {
    columns: table.columns.map(({ title, isRight }) => ({ title, isRight: isRight === true })),
    rows: table.rows.map((row) => row.map(({ text }) => text)),
  };
}

/** Records one under the other, a rule between them. */
export function toRecordLines(table: TextTable): TextTable {
  const rows = table.rows.flatMap((row, at) => {
    const lines = table.columns.map(({ title }, column) => [title, row[column] ?? '']);
    return at === 0 ? lines : [[RULE, RULE], ...lines];
  });
  return { columns: itemAndValue, rows };
}

export function tableToJson(table: Table): Json {
  if (table.kind === 'properties') {
    const lines = table.properties.filter((line) => line !== undefined);
    return Object.fromEntries(lines.map(({ key, value }) => [key, value.json]));
  }
  return table.rows.map((row): JsonObject =>
    Object.fromEntries(table.columns.map(({ key }, at) => [key, row[at]?.json ?? null])),
  );
}
