import type { Count } from '../fields.ts';
import type { Json } from '../json-document.ts';
import { dateWithDay, plainDate, withSeparators } from './format.ts';

/** One value, as a person reads it and as a program does. */
export interface Cell {
  readonly text: string;
  readonly json: Json;
}

export const cell = (text: string, json: Json): Cell => ({ text, json });

/** Text that means the same to both. */
export const plain = (value: string): Cell => ({ text: value, json: value });

export const integer = (value: number): Cell => ({ text: String(value), json: value });

export const grouped = (value: Count): Cell => ({ text: withSeparators(value), json: value });

export const packets = (value: Count): Cell => ({ text: `${withSeparators(value)} packets`, json: value });

export const bytes = (value: Count): Cell => ({ text: `${withSeparators(value)} bytes`, json: value });

export const flag = (value: boolean, yes = 'Yes', no = 'No'): Cell => ({ text: value ? yes : no, json: value });

export const rfc3339 = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());

/** With the day of the week; `(None)` where there is no time. */
export const moment = (ms: number): Cell => ({ text: dateWithDay(ms), json: rfc3339(ms) });

/** Without it; `(Unknown)` where there is no time. */
export const shortMoment = (ms: number): Cell => ({ text: plainDate(ms), json: rfc3339(ms) });

/** What is not known, or does not apply. */
export const none: Cell = { text: '-', json: null };
