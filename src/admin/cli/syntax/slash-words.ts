/** A command's words, sorted into `/NAME:value` and the rest. */
export interface SlashWords {
  /** In the order typed; a name without a value has the value ''. */
  readonly named: readonly { readonly name: string; readonly value: string }[];
  readonly unnamed: readonly string[];
}

/** `none` and `null` are vpncmd's way to give an empty value. */
export const valueOf = (text: string): string => (/^(none|null)$/i.test(text) ? '' : text);

/**
 * `/NAME:value`, `/NAME=value`, `/NAME`, and the same with one hyphen. A doubled slash or hyphen is a plain one of an
 * unnamed word: `//x` means `/x`.
 */
export function sortWords(words: readonly string[]): SlashWords {
  const named: { name: string; value: string }[] = [];
  const unnamed: string[] = [];
  for (const word of words) {
    if (word.toLowerCase() === '--help' || /^(\/(?!\/)|-(?!-))./.test(word)) {
      const text = word.replace(/^--?|^\//, '');
      // A colon counts before an equals sign, wherever it stands: `/FILTER=a:b` is named `FILTER=a`, as in vpncmd.
      const colon = text.indexOf(':');
      const end = colon >= 0 ? colon : text.indexOf('=');
      named.push(
        end < 0 ? { name: text, value: '' } : { name: text.slice(0, end), value: valueOf(text.slice(end + 1)) },
      );
    } else {
      unnamed.push(valueOf(/^(\/\/|--)/.test(word) ? word.slice(1) : word));
    }
  }
  return { named, unnamed };
}

/** Somebody asks for help: `?`, `/?`, `/help`, `--help` as a parameter. */
export const asksForHelp = ({ named, unnamed }: SlashWords): boolean =>
  unnamed[0] === '?' || named.some(({ name }) => /^(help|\?)$/i.test(name));
