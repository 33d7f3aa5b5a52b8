import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const levelStyles: Readonly<Record<string, Style>> = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' };

/** C0, DEL and C1: what a client calls itself must not move the reader's cursor or start a line of its own. */
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function harmless(text: string): string {
  return text.replaceAll(controlCharacters, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function valueText(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:@/[\]-]+$/.test(value)) return value;
  return harmless(JSON.stringify(value));
}

interface LoggedError {
  readonly message: string;
  readonly stack: string | undefined;
}

function errorOf(value: unknown): LoggedError | undefined {
  if (typeof value !== 'object' || value === null || !('message' in value) || typeof value.message !== 'string') {
    return undefined;
  }
  const stack = 'stack' in value && typeof value.stack === 'string' ? value.stack : undefined;
  return { message: value.message, stack };
}

function timeText(time: unknown): string {
  const date = new Date(String(time));
  const two = (value: number): string => String(value).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** A JSON line of the log as text for a terminal: local time, level, message, fields; an error's stack below. */
export function formatLogLine(line: string, isColoured: boolean): string {
  const paint = (style: Style, text: string): string =>
    isColoured ? styleText(style, text, { validateStream: false }) : text;
  const { time, level, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const label = String(level);
  const error = errorOf(fields['error'] ?? fields['err']);
  const words = Object.entries(fields).map(([key, value]) => {
    return `${paint('cyan', `${harmless(key)}=`)}${valueText(errorOf(value)?.message ?? value)}`;
  });
  const head = `${paint('gray', timeText(time))} ${paint(levelStyles[label] ?? 'reset', label.toUpperCase().padEnd(5))}`;
  const text = [head, harmless(typeof message === 'string' ? message : ''), ...words].join(' ');
  // The stack tells where; below `error` nobody is going to look for it.
  if (label !== 'error' || error?.stack === undefined) return `${text}\n`;
  const frames = error.stack.split('\n').slice(1).map(harmless);
  return `${[text, ...frames].join('\n')}\n`;
}
