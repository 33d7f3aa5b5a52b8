import { HeaderId } from './header-id.ts';
import type { SipMessage } from './sip-message.ts';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const rfc1123 = /^[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/i;

/**
 * Milliseconds since 1970. Undefined where there is none, and for one that is not as RFC 3261 §20.17 says: only GMT is
 * allowed there. Then the field is as if it were not there (RFC 4475 §3.1.2.12).
 */
export function dateField(message: SipMessage): number | undefined {
  const match = rfc1123.exec(message.value(HeaderId.Date) ?? '');
  if (match === null) return undefined;
  const [, day, monthName, year, hour, minute, second] = match;
  const month = months.indexOf(monthName!.toLowerCase());
  if (month < 0) return undefined;
  const atMs = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
  // 31 Feb and 25:00 would run on into another day
  const isReal = new Date(atMs).getUTCDate() === Number(day) && Number(hour) < 24 && Number(minute) < 60;
  return isReal ? atMs : undefined;
}

/** `Sun, 22 Nov 2026 11:47:54 GMT`. */
export function serialiseDate(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const month = months[date.getUTCMonth()]!;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const monthName = month.charAt(0).toUpperCase() + month.slice(1);
  return `${days[date.getUTCDay()]!}, ${two(date.getUTCDate())} ${monthName} ${date.getUTCFullYear()} ${time} GMT`;
}
