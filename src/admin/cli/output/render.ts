import stringWidth from 'string-width';
import { RULE, toRecordLines, toTextTable, type Table, type TextTable } from './table.ts';

/** Names and notes come from other people: what would move the cursor or colour the screen is shown as `?`. */
const harmless = (text: string): string => text.replace(/\p{Cc}/gu, '?');

function drawRow(cells: readonly string[], widths: readonly number[], isRight: (column: number) => boolean): string {
  const parts = cells.map((text, column) => {
    const width = widths[column] ?? 0;
    const drawn = text === RULE ? '-'.repeat(width) : text;
    const space = ' '.repeat(Math.max(width - stringWidth(drawn), 0));
    return (isRight(column) ? space + drawn : drawn + space) + (text === RULE ? '+' : '|');
  });
  return parts.join('').slice(0, -1).trimEnd();
}

function drawGrid({ columns, rows }: TextTable): string[] {
  const titles = columns.map(({ title }) => title);
  const safeRows = rows.map((row) => row.map(harmless));
  const widths = titles.map((title, column) =>
    safeRows.reduce((most, row) => Math.max(most, stringWidth(row[column] ?? '')), stringWidth(title)),
  );
  const isRight = (column: number): boolean => columns[column]?.isRight === true;
  const rule = widths.map((width) => '-'.repeat(width)).join('+');
  return [drawRow(titles, widths, isRight), rule, ...safeRows.map((row) => drawRow(row, widths, isRight))];
}

/** The lines that vpncmd prints for it on a screen. */
export function drawTable(table: Table): string[] {
  const text = toTextTable(table);
  return drawGrid(table.kind === 'records' ? toRecordLines(text) : text);
}

const quoted = (value: string): string => (/[,"\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** RFC 4180, but with bare line feeds, as vpncmd. */
export function csvLines(table: Table): string[] {
  const { columns, rows } = toTextTable(table);
  return [columns.map(({ title }) => title), ...rows].map((row) => row.map(quoted).join(','));
}
