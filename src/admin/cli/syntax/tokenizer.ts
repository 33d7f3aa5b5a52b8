/**
 * The quoting of vpncmd's command lines: blanks and tabs separate; a double quote switches that off and on again, also
 * inside a word (`/NOTE:"a b"`); two double quotes in a row are one, everywhere (so `""` is not an empty word).
 */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at);
    if (letter === '"') {
      if (line.charAt(at + 1) === '"') {
        word += letter;
        at++;
      } else {
        isQuoted = !isQuoted;
      }
    } else if (!isQuoted && (letter === ' ' || letter === '\t')) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      word += letter;
    }
  }
  if (word !== '') words.push(word);
  return words;
}

/** A line that `splitLine` takes apart into `words` again; empty words, which no line can hold, are left out. */
export function joinWords(words: readonly string[]): string {
  return words
    .filter((word) => word !== '')
    .map((word) => {
      const escaped = word.replaceAll('"', '""');
      return /[ \t]/.test(word) ? `"${escaped}"` : escaped;
    })
    .join(' ');
}
