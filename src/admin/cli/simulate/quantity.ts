import { usageError } from '../exit-code.ts';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `10min`, `2h`, `30d`, `0` → milliseconds. */
export function parseDuration(text: string, option: string): number {
  if (text === '0') return 0;
  const groups = /^(?<value>\d+(\.\d+)?)(?<unit>ms|s|min|h|d)$/.exec(text)?.groups;
  const unitMs = unitsMs[groups?.['unit'] ?? ''];
  if (unitMs === undefined) throw usageError(`${option}: a time such as 500ms, 90s, 10min, 2h or 30d, not ${text}`);
  return Number(groups?.['value']) * unitMs;
}

/** `1000000`, `10k`, `10M` → a number. */
export function parseCount(text: string, option: string): number {
  const groups = /^(?<value>\d+(\.\d+)?)(?<unit>[kM]?)$/.exec(text)?.groups;
  if (groups === undefined) throw usageError(`${option}: a number such as 500, 10k or 10M, not ${text}`);
  const factor = { '': 1, k: 1_000, M: 1_000_000 }[groups['unit'] ?? ''] ?? 1;
  return Number(groups['value']) * factor;
}

/** `5%` or `0.05` → 0.05. */
export function parseShare(text: string, option: string): number {
  const groups = /^(?<value>\d+(\.\d+)?)(?<percent>%?)$/.exec(text)?.groups;
  const share = Number(groups?.['value']) / (groups?.['percent'] === '%' ? 100 : 1);
  if (!(share >= 0 && share <= 1)) throw usageError(`${option}: a share such as 5% or 0.05, not ${text}`);
  return share;
}
