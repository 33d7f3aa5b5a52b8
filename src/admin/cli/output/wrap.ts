/** Breaks text at blanks so that no line is longer than `width`; a longer word stands alone. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}

/** `name - what it is`, the second part wrapped under itself. */
export function describedList(
  entries: readonly (readonly [string, string])[],
  indent: number,
  width: number,
): string[] {
  const nameWidth = Math.max(0, ...entries.map(([name]) => name.length));
  const pad = ' '.repeat(indent);
  return entries.flatMap(([name, text]) => {
    const [first = '', ...rest] = wrapText(text, Math.max(width - indent - nameWidth - 4, 20));
    return [
      `${pad}${name.padEnd(nameWidth)} - ${first}`,
      ...rest.map((line) => `${pad}${' '.repeat(nameWidth)}   ${line}`),
    ];
  });
}
