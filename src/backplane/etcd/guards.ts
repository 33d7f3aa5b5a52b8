import { Conflict, Unavailable, type Guard, type Operation } from '../backplane.ts';
import type { Compare, TxnResponse } from './codec/key-value.ts';

/** A guard as the engine is asked to hold it. */
export function toCompare(guard: Guard): Compare {
  const key = Buffer.from(guard.key);
  return 'modRevision' in guard
    ? { key, what: 'mod', equals: guard.modRevision }
    : { key, what: 'create', equals: guard.createRevision };
}

/**
 * Whether a second arrival of the same transaction can do no harm: a guard on the modification of a key that it writes
 * does not hold any more after the first. Without one a late first arrival could undo what was written since.
 */
export function isRepeatable(operations: readonly Operation[], guards: readonly Guard[]): boolean {
  const written = new Set(operations.flatMap((operation) => (operation.kind === 'put' ? [operation.key] : [])));
  return guards.some((guard) => 'modRevision' in guard && written.has(guard.key));
}

/** What the caller is told when not all guards held. `found` = the keys of the guards as they are, in the same order. */
export function refusal(guards: readonly Guard[], { found }: TxnResponse, isRepeated: boolean): Conflict | Unavailable {
  // The guard may have been broken by our own earlier try.
  if (isRepeated) {
    return new Unavailable('the engine was interrupted; it is not certain whether the change was made: read it again');
  }
  const entries = found.map((each) => each.entries[0]);
  for (const [at, guard] of guards.entries()) {
    const entry = entries[at];
    const [name, wanted, is] =
      'modRevision' in guard
        ? ['modRevision', guard.modRevision, entry?.modRevision ?? 0]
        : ['createRevision', guard.createRevision, entry?.createRevision ?? 0];
    if (wanted !== is) {
      return new Conflict(
        `${guard.key} has ${name} ${is}, not ${wanted}: somebody else changed it; nothing was applied`,
      );
    }
  }
  return new Conflict('a guard did not hold: somebody else changed its key; nothing was applied');
}
