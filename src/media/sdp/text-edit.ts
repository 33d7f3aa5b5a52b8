interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Changes to a text, which do not overlap; what none of them touches is copied as it is. */
export class TextEdit {
  readonly #text: string;
  readonly #changes: Change[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  replace(start: number, end: number, text: string): void {
    this.#changes.push({ start, end, text });
  }

  /** Those at one place stand in the order in which they were put in. */
  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  serialise(): string {
    let result = '';
    let from = 0;
    for (const { start, end, text } of this.#changes.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
      result += this.#text.slice(from, start) + text;
      from = end;
    }
    return result + this.#text.slice(from);
  }
}
