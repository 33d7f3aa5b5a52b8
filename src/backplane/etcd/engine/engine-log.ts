import type { Logger } from '#base';
import type { Clock } from '#io';

/** A sick engine says the same a thousand times a second. */
const linesPerSecond = 20;
const keptLines = 20;

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Of etcd's warnings, those that an administrator can do something about; the rest comes with every start and stop. */
const worthAWarning =
  /slow|too long|overloaded|clock|space|corrupt|rejected connection|request ignored|cluster ID mismatch/;

/** What etcd calls info is of interest only to those who look for a fault. */
const levels: Readonly<Record<string, Level>> = {
  debug: 'debug',
  info: 'debug',
  warn: 'warn',
  error: 'error',
  dpanic: 'error',
  panic: 'error',
  fatal: 'error',
};

/** The engine's output (JSON lines of zap, now and then plain text) into our log; keeps the last lines for its obituary. */
export class EngineLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #last: string[] = [];
  #second = 0;
  #lines = 0;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  line(text: string): void {
    this.#last.push(text);
    if (this.#last.length > keptLines) this.#last.shift();
    const record = parsed(text);
    const told = levels[String(record?.['level'])] ?? 'debug';
    const level = told === 'warn' && !worthAWarning.test(text) ? 'debug' : told;
    if (level !== 'debug' && !this.#hasRoom()) return;
    const { msg, level: _level, ts: _ts, caller: _caller, ...fields } = record ?? { msg: text };
    this.#logger[level](fields, `engine: ${String(msg)}`);
  }

  /** The last lines, as it wrote them. */
  last(): string {
    return this.#last.join('\n');
  }

  /** What it said last of what is wrong, for people. */
  cause(): string {
    for (const text of this.#last.toReversed()) {
      const record = parsed(text);
      if (record === undefined || levels[String(record['level'])] !== 'error') continue;
      return [record['msg'], record['error']].filter((part) => typeof part === 'string').join(': ');
    }
    return this.#last.at(-1) ?? 'it said nothing';
  }

  #hasRoom(): boolean {
    const second = Math.floor(this.#clock.nowMs() / 1_000);
    if (second !== this.#second) {
      if (this.#lines > linesPerSecond) {
        this.#logger.warn({ lines: this.#lines - linesPerSecond }, 'engine: lines left out, too many at once');
      }
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines++;
    return this.#lines <= linesPerSecond;
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
