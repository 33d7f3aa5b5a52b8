import type { Clock, Console, Consoles, Timer } from '#io';

/** `nft` answers within milliseconds; one that does not any more is ended, and its table goes with it. */
const ANSWER_MS = 10_000;
/** Of what it said of an error, to be told. */
const ERROR_MAX_CHARACTERS = 400;

interface Asked {
  readonly text: string;
  readonly answered: (lines: readonly string[]) => void;
}

/**
 * One `nft -i`, which is asked one thing after the other. What it carries out it says nothing of; so everything that is
 * asked ends with a listing, and a listing ends with a brace at the beginning of a line.
 */
export class NftConversation {
  readonly #clock: Clock;
  readonly #ended: (why: string) => void;
  #console: Console | undefined;
  #waiting: Asked[] = [];
  #current: Asked | undefined;
  #lines: string[] = [];
  #timer: Timer | undefined;
  #lastError = '';

  private constructor(clock: Clock, ended: (why: string) => void) {
    this.#clock = clock;
    this.#ended = ended;
  }

  /** @param ended called once; nothing that was asked is answered any more. @throws IoError as `Consoles.open`. */
  static async open(consoles: Consoles, clock: Clock, ended: (why: string) => void): Promise<NftConversation> {
    const conversation = new NftConversation(clock, ended);
    conversation.#console = await consoles.open('nft', ['-i'], {
      line: (text, stream) => conversation.#line(text, stream),
      ended: ({ code, signal }) => conversation.#hasEnded(`nft has ended (${signal ?? `exit code ${code}`})`),
    });
    return conversation;
  }

  /** What it has complained about since the last call, for people. */
  takeError(): string {
    const error = this.#lastError;
    this.#lastError = '';
    return error;
  }

  get isIdle(): boolean {
    return this.#current === undefined;
  }

  /** @param text lines, of which the last one lists something. */
  ask(text: string, answered: (lines: readonly string[]) => void): void {
    this.#waiting.push({ text, answered });
    if (this.#current === undefined) this.#next();
  }

  /** The table goes with it. */
  close(): void {
    this.#timer?.cancel();
    this.#waiting = [];
    this.#current = undefined;
    this.#console?.close();
    this.#console = undefined;
  }

  #next(): void {
    const asked = this.#waiting.shift();
    this.#current = asked;
    if (asked === undefined || this.#console === undefined) return;
    this.#lines = [];
    this.#timer = this.#clock.after(ANSWER_MS, () => {
      this.#console?.kill();
      this.#hasEnded(`nft has not answered for ${ANSWER_MS / 1000} s`);
    });
    this.#console.write(`${asked.text}\n`);
  }

  #line(text: string, stream: 'output' | 'error'): void {
    if (stream === 'error') {
      // The first line is the reason; then come the command and marks under it.
      const [, reason = ''] = /^(?:netlink: )?Error: (.*)/.exec(text) ?? [];
      if (this.#lastError === '') this.#lastError = reason.slice(0, ERROR_MAX_CHARACTERS);
      return;
    }
    this.#lines.push(text);
    if (text !== '}' || this.#current === undefined) return;
    this.#timer?.cancel();
    const { answered } = this.#current;
    // Still current: what it asks waits behind what waits already.
    answered(this.#lines);
    this.#next();
  }

  #hasEnded(why: string): void {
    if (this.#console === undefined) return;
    this.close();
    this.#ended(this.#lastError === '' ? why : `${why}: ${this.#lastError}`);
  }
}
