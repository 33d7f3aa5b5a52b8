import type { Count } from '../fields.ts';

/** How vpncmd writes values. Times are in the local zone of whoever looks. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

const padded = (value: number, width: number): string => String(value).padStart(width, '0');

/** `1,234,567` */
export const withSeparators = (value: Count): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');

const datePart = (time: Date): string =>
  [padded(time.getFullYear(), 4), padded(time.getMonth() + 1, 2), padded(time.getDate(), 2)].join('-');

const timePart = (time: Date): string =>
  [padded(time.getHours(), 2), padded(time.getMinutes(), 2), padded(time.getSeconds(), 2)].join(':');

/** `2026-11-22 (Sun) 05:27:31`, or `(None)` for no time. */
export function dateWithDay(ms: number): string {
  if (ms === 0) return '(None)';
  const time = new Date(ms);
  return `${datePart(time)} (${DAYS[time.getDay()] ?? ''}) ${timePart(time)}`;
}

/** `2026-11-22 (Sun)`, or `(None)` for no time. */
export const dayWithDay = (ms: number): string => dateWithDay(ms).replace(/ [\d:]+$/, '');

/** `2026-11-22 05:27:31`, or `(Unknown)` for no time. */
export function plainDate(ms: number): string {
  if (ms === 0) return '(Unknown)';
  const time = new Date(ms);
  return `${datePart(time)} ${timePart(time)}`;
}

/** `2026-11-22 05:27:31.397` */
export const dateWithMs = (ms: number): string => `${plainDate(ms)}.${padded(new Date(ms).getMilliseconds(), 3)}`;

/** Version × 100 as `5.01`. */
export const versionText = (version: number): string => `${Math.floor(version / 100)}.${padded(version % 100, 2)}`;

/** `5E-AD-95-0E-04-59` */
export const macText = (address: Buffer): string =>
  [...address].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('-');

export const hexText = (bytes: Buffer): string => bytes.toString('hex').toUpperCase();

/** The local time that a person typed as `2005/10/08 19:30:00`, in unix milliseconds; undefined = not a time. */
export function parseLocalTime(text: string): number | undefined {
  const numbers = text.split(/[:/,. "]+/).filter((part) => part !== '');
  if (numbers.length !== 6 || !numbers.every((part) => /^\d{1,4}$/.test(part))) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers.map(Number);
  const time = new Date(year, month - 1, day, hour, minute, second);
  const isReal = time.getFullYear() === year && time.getMonth() === month - 1 && time.getDate() === day;
  const isInDay = hour <= 23 && minute <= 59 && second <= 59;
  return year >= 1000 && isReal && isInDay ? time.getTime() : undefined;
}
