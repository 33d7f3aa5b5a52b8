import { outcomeToJson, type Outcome } from '../commands/command.ts';
import { formatJson } from '../json-document.ts';
import type { Cell } from '../output/cell.ts';
import type { OutputFormat } from '../output/format-kind.ts';
import { csvLines, drawTable } from '../output/render.ts';
import type { Column, Table } from '../output/table.ts';

const isNumber = (cell: Cell | undefined): boolean => typeof cell?.json === 'number' || typeof cell?.json === 'bigint';

/** Lists as one line for each row, with the columns that fit a screen; numbers to the right. */
function forScreen(table: Table, keys: readonly string[] | undefined): Table {
  if (table.kind === 'properties') return table;
  const shown = table.columns
    .map((column, at) => ({ column, at }))
    .filter(({ column }) => keys?.includes(column.key) ?? true);
  const aligned = ({ column, at }: { column: Column; at: number }): Column => {
    const isNumeric = table.rows.length > 0 && table.rows.every((row) => isNumber(row[at]) || row[at]?.json === null);
    return {
      ...column,
      isRight: column.isRight === true || (isNumeric && table.rows.some((row) => isNumber(row[at]))),
    };
  };
  return {
    kind: 'grid',
    columns: shown.map(aligned),
    rows: table.rows.map((row) => shown.map(({ at }) => row[at]).filter((cell) => cell !== undefined)),
  };
}

/** The lines that a verb prints. */
export function outcomeLines(outcome: Outcome, format: OutputFormat, screenColumns?: readonly string[]): string[] {
  if (format === 'json') return [formatJson(outcomeToJson(outcome), 2)];
  return outcome.blocks.flatMap((block) => {
    if (block.kind === 'text') return [...block.lines];
    return format === 'csv' ? csvLines(block.table) : drawTable(forScreen(block.table, screenColumns));
  });
}
