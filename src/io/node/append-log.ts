import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { AppendLog, AppendLogOptions } from '../files.ts';
import { fileError } from './errno.ts';

const DEFAULT_MAX_WAITING_BYTES = 4 * 1024 * 1024;

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
    this.#waiting.push({ day: new Date(this.#clock.wallMs()).toISOString().slice(0, 10), text });
    this.#waitingBytes += bytes;
    this.#writing ??= this.#writeAll();
    return true;
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    await this.#file?.handle.close();
    this.#file = undefined;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
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
  }

  async #open(day: string): Promise<FileHandle> {
    if (this.#file?.day === day) return this.#file.handle;
    await this.#file?.handle.close();
    this.#file = undefined;
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    const handle = await open(this.#path(day), 'a', 0o600);
    this.#file = { day, handle };
    return handle;
  }

  #path(day: string): string {
    return join(this.#options.directory, `${this.#options.name}-${day}.log`);
  }
}
