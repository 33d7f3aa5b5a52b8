import { readCallCopy } from '#media';
import type { EndedCall } from '../proxy/ended-call.ts';
import type { MediaDialog } from '../proxy/media-dialogs.ts';
import type { CopiedCall } from '../proxy/media-keeper.ts';

/** Service of the bus. */
export const copyService = 'sip/media';
/** Calls in one message. */
export const COPIES_PER_MESSAGE = 100;
const COPY_MAX_CHARS = 65_536;
const ID_MAX_CHARS = 2_048;

/** What a call is known by, and its copy as text. */
export type CopyText = readonly [id: string, text: string];

/** What members say to each other of the media of their calls. */
export interface CopyMessage {
  /** These are mine. */
  readonly put: readonly CopyText[];
  /** These need not be kept any more. */
  readonly drop: readonly string[];
  /** These were that member's, which is gone; the receiver's machine has their addresses, or nobody has. */
  readonly take: { readonly owner: string; readonly boot: number; readonly calls: readonly CopyText[] } | undefined;
  /** These, which the receiver may have gone on with, or know of, are over. */
  readonly ended: readonly EndedCall[];
}

export const emptyCopyMessage: CopyMessage = Object.freeze({ put: [], drop: [], take: undefined, ended: [] });

export const copyId = (callId: string, aTag: string, bTag: string): string => `${callId} ${aTag} ${bTag}`;

/** undefined: it is not up, or not relayed any more. */
export function copyTextOf({ call, callId, aTag, chosen }: MediaDialog): string | undefined {
  const copy = call.copy();
  return copy === undefined || chosen === undefined
    ? undefined
    : JSON.stringify({ callId, aTag, bTag: chosen, copy } satisfies CopiedCall);
}

/** undefined: it is no copy. */
export function readCopyText(text: string): CopiedCall | undefined {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { callId, aTag, bTag, copy } = value as Readonly<Record<string, unknown>>;
  if (typeof callId !== 'string' || typeof aTag !== 'string' || typeof bTag !== 'string') return undefined;
  const media = readCallCopy(copy);
  return media && { callId, aTag, bTag, copy: media };
}

/** undefined: it is no such message; a later version may say more, which is left aside. */
export function readCopyMessage(body: unknown): CopyMessage | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { put, drop, take, ended } = body as Readonly<Record<string, unknown>>;
  const puts = listOf(put, copyTextFrom);
  const drops = listOf(drop, (one) => (isId(one) ? one : undefined));
  const ends = listOf(ended, endFrom);
  const taken = take === undefined || take === null ? undefined : takeFrom(take);
  if (puts === undefined || drops === undefined || ends === undefined || taken === 'bad') return undefined;
  return { put: puts, drop: drops, take: taken, ended: ends };
}

function takeFrom(value: unknown): NonNullable<CopyMessage['take']> | 'bad' {
  if (typeof value !== 'object' || value === null) return 'bad';
  const { owner, boot, calls } = value as Readonly<Record<string, unknown>>;
  const texts = listOf(calls, copyTextFrom);
  return isId(owner) && typeof boot === 'number' && texts !== undefined ? { owner, boot, calls: texts } : 'bad';
}

function copyTextFrom(value: unknown): CopyText | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [id, text] = value as readonly unknown[];
  return isId(id) && typeof text === 'string' && text.length <= COPY_MAX_CHARS ? [id, text] : undefined;
}

function endFrom(value: unknown): EndedCall | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { callId, fromTag, toTag } = value as Readonly<Record<string, unknown>>;
  return isId(callId) && isId(fromTag) && isId(toTag) ? { callId, fromTag, toTag } : undefined;
}

const isId = (value: unknown): value is string => typeof value === 'string' && value.length <= ID_MAX_CHARS;

/** undefined: one of them is wrong. */
function listOf<T>(value: unknown, read: (one: unknown) => T | undefined): readonly T[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const list: T[] = [];
  for (const one of value as readonly unknown[]) {
    const found = read(one);
    if (found === undefined) return undefined;
    list.push(found);
  }
  return list;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
