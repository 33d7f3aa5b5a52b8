import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { AppendLog, AppendLogOptions } from '../files.ts';
import { fileError } from './errno.ts';
import { makeDirectories } from './make-directories.ts';

const DEFAULT_MAX_WAITING_BYTES = 4 * 1024 * 1024;
const DAY_MS = 86_400_000;

interface Line {
  readonly day: string;
  readonly text: string;
}

/** Lines wait in memory while one write is under way, and then go out together. */
export class FileAppendLog implements AppendLog {
  readonly #options: AppendLogOptions;
  readonly #clock: Clock;
  #waiting: Line[] = [];
  #waitingBytes = 0;
  #lostLines = 0;
  #writing: Promise<void> | undefined;
  #isClosed = false;
  /** The next write begins then, or when somebody asks for it. */
  #nextAtMs = Number.NEGATIVE_INFINITY;
  #isUrgent = false;
  #endGathering: (() => void) | undefined;
  #day = { number: -1, text: '' };
  #file: { readonly day: string; readonly handle: FileHandle } | undefined;

  constructor(options: AppendLogOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get lostLines(): number {
    return this.#lostLines;
  }

  write(line: string): boolean {
    const text = `${line}\n`;
    const bytes = Buffer.byteLength(text);
    const { maxWaitingBytes = DEFAULT_MAX_WAITING_BYTES } = this.#options;
    if (this.#isClosed || this.#waitingBytes + bytes > maxWaitingBytes) {
      this.#lostLines++;
      return false;
    }
    this.#waiting.push({ day: this.#today(), text });
    this.#waitingBytes += bytes;
    this.#writing ??= this.#writeAll();
    return true;
  }

  async flush(): Promise<void> {
    if (this.#writing === undefined) return;
    this.#isUrgent = true;
    this.#endGathering?.();
    await this.#writing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    await this.#file?.handle.close();
    this.#file = undefined;
  }

  #today(): string {
    const wallMs = this.#clock.wallMs();
    const number = Math.floor(wallMs / DAY_MS);
    if (number !== this.#day.number) this.#day = { number, text: new Date(wallMs).toISOString().slice(0, 10) };
    return this.#day.text;
  }

  /** Lines that come closely together share a write, which costs as much as a hundred lines. */
  #gathered(): Promise<void> {
    const waitMs = this.#nextAtMs - this.#clock.nowMs();
    if (!(waitMs > 0) || this.#isUrgent) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#endGathering = undefined;
        resolve();
      };
      const timer = this.#clock.after(waitMs, end);
      this.#endGathering = end;
    });
  }

  async #writeAll(): Promise<void> {
    const { gatherMs = 0 } = this.#options;
    while (this.#waiting.length > 0) {
      if (gatherMs > 0) await this.#gathered();
      this.#nextAtMs = this.#clock.nowMs() + gatherMs;
      const day = this.#waiting[0]!.day;
      const end = this.#waiting.findIndex((line) => line.day !== day);
      const batch = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
      const text = batch.map((line) => line.text).join('');
      try {
        const handle = await this.#open(day);
        await handle.writeFile(text);
      } catch (error) {
        this.#lostLines += batch.length;
        this.#options.failed?.(fileError(`cannot write the log ${this.#path(day)}`, error));
      }
      this.#waitingBytes -= Buffer.byteLength(text);
    }
    this.#writing = undefined;
    this.#isUrgent = false;
  }

  async #open(day: string): Promise<FileHandle> {
    if (this.#file?.day === day) return this.#file.handle;
    await this.#file?.handle.close();
    this.#file = undefined;
    await makeDirectories(this.#options.directory, 0o700);
    const handle = await open(this.#path(day), 'a', 0o600);
    this.#file = { day, handle };
    return handle;
  }

  #path(day: string): string {
    return join(this.#options.directory, `${this.#options.name}-${day}.log`);
  }
}
