import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './namespaces.ts';
import { parseCsv, vpncmd } from './softether.ts';

/** What vpncmd printed for one command of a script. */
export interface Answer {
  readonly command: string;
  readonly lines: readonly string[];
}

/** How vpncmd shows which command it runs: `VPN Server/OFFICE>StatusGet`. */
const prompt = /^VPN Server(?:\/[^>]*)?>(.*)$/;

/**
 * Runs a script of commands in one vpncmd, over one administration connection. `target` as for `vpncmd`. Passwords and
 * other words must not have blanks.
 */
export async function transcript(
  host: Host,
  target: readonly string[],
  commands: readonly string[],
  options: { readonly csv?: boolean } = {},
): Promise<Answer[]> {
  const file = join(host.folder, 'vpncmd-script.txt');
  writeFileSync(file, `${commands.join('\n')}\n`);
  const { text } = await vpncmd(host, [...target, `/IN:${file}`], [], { ...options, timeoutMs: 110_000 });
  const answers: { command: string; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const command = prompt.exec(line)?.[1];
    if (command !== undefined) answers.push({ command, lines: [] });
    else answers.at(-1)?.lines.push(line);
  }
  // The last prompt is for the end of the script.
  return answers
    .filter(({ command }) => command !== '')
    .map(({ command, lines }) => ({ command, lines: trimmed(lines) }));
}

function trimmed(lines: readonly string[]): string[] {
  const filled = lines.map((line) => line.trimEnd());
  while (filled.at(-1) === '') filled.pop();
  return filled;
}

/** Items whose values are the server's own words. */
const ownWords = new Set([
  ...['Product Name', 'Version', 'Build', 'Server Product Name', 'Type of OS Kernel', 'Version of OS Kernel'],
  ...['Encryption', 'Client Port (Reported)'],
]);

/**
 * A line with what may differ between two servers replaced: times, counts, addresses, keys, widths. Units, words and the
 * order of columns stay.
 */
export function masked(line: string): string {
  if (/^[-+]+$/.test(line)) return '---';
  const cells = line.includes('|') ? line.split('|').map((cell) => cell.trim()) : (parseCsv(line)[0] ?? []);
  if (cells.length === 2 && ownWords.has(cells[0]!)) return `${cells[0]!}|*`;
  return cells.map(maskedCell).join('|');
}

function maskedCell(cell: string): string {
  return (
    cell
      .replace(/\d{4}-\d\d-\d\d/g, 'DATE')
      .replace(/\((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\)/g, '(DAY)')
      .replace(/\d\d:\d\d:\d\d/g, 'TIME')
      .replace(/\b[0-9A-F]{2}(?:-[0-9A-F]{2}){5}\b/g, 'MAC')
      .replace(/\b[0-9A-F]{40}\b/g, 'KEY')
      .replace(/\bfe80:[0-9a-f:]+/g, 'LINKLOCAL')
      // The original looks names up.
      .replace(/\b10\.77\.0\.\d+\b|\b127\.0\.0\.1\b|\blocalhost\b/g, 'ADDRESS')
      .replace(/\d[\d,]*/g, '#')
  );
}
