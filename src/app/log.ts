import type { Writable } from 'node:stream';
import { pino, stdSerializers } from 'pino';
import type { Logger } from '#base';
import type { Clock } from '#io';
import type { LogSettings } from './config/sections.ts';
import { withoutSecrets } from './log-secrets.ts';
import { formatLogLine } from './log-text.ts';

/** Takes whole lines, each with its line end. */
export interface LogOutput {
  write(line: string): void;
  /** Resolves when the system has taken all that was written; never, if nobody reads it. */
  flush(): Promise<void>;
  /** Lines lost because whoever reads the output was too slow, or gone. */
  readonly droppedLines: number;
}

export interface LogOptions {
  readonly level: LogSettings['level'];
  readonly clock: Clock;
  /** Takes each record, one JSON line. */
  readonly writeRecord: (line: string) => void;
}

export interface RecordWriterOptions {
  readonly format: LogSettings['format'];
  readonly output: LogOutput;
  /** Somebody reads along: text instead of JSON where the settings leave it open. */
  readonly isTerminal: boolean;
  readonly isColoured: boolean;
}

/** Where records go: as JSON lines, or as text for people. */
export function createRecordWriter({ format, output, isTerminal, isColoured }: RecordWriterOptions) {
  const isText = format === 'text' || (format === 'auto' && isTerminal);
  return (line: string): void => output.write(isText ? formatLogLine(line, isColoured) : line);
}

/** The log of the server or of one of its threads: records of time, level, fields and message. */
export function createLogger({ level, clock, writeRecord }: LogOptions): Logger {
  return pino(
    {
      level,
      // No pid, no host name: whoever collects lines adds where they come from.
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.wallMs()).toISOString()}"`,
      // Not pino's own `redact`: it takes four times as long as all the rest of a line.
      formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
      serializers: { error: describeError, err: describeError },
    },
    { write: writeRecord },
  );
}

const describeError = (error: Error): Readonly<Record<string, unknown>> =>
  withoutSecrets({ ...stdSerializers.errWithCause(error) });

/** What may wait for a slow reader of the log. Beyond it new lines are dropped and counted. */
const maxWaitingBytes = 1024 * 1024;
/**
 * Lines that follow another one sooner than this are written together: each write wakes whoever reads, and in a storm of
 * log-ins that would cost an eighth of all the work.
 */
const gatherMs = 20;

/**
 * The log on `stream`, standard output. Where that is a pipe or a socket, a reader that stops reading makes us lose
 * lines and nothing else: the runtime writes without waiting, and we cap what it keeps.
 */
export function openLogOutput(stream: Writable, clock: Pick<Clock, 'nowMs' | 'after'>): LogOutput {
  let droppedLines = 0;
  let gathered = '';
  let wroteAtMs = -Infinity;
  // The reader has gone. Without a listener that would be the end of the process.
  stream.on('error', () => (droppedLines += 1));
  const writeGathered = (): void => {
    wroteAtMs = clock.nowMs();
    if (gathered !== '') stream.write(gathered);
    gathered = '';
  };
  return {
    write: (line) => {
      if (stream.writableLength + gathered.length > maxWaitingBytes || stream.destroyed) {
        droppedLines += 1;
      } else if (gathered === '' && clock.nowMs() - wroteAtMs >= gatherMs) {
        gathered = line;
        writeGathered();
      } else {
        if (gathered === '') clock.after(gatherMs, writeGathered);
        gathered += line;
      }
    },
    flush: () => {
      writeGathered();
      return new Promise((resolve) => stream.write('', () => resolve()));
    },
    get droppedLines() {
      return droppedLines;
    },
  };
}
