import type { MemberId } from '#cluster';
import { hashOfMember } from './member-number.ts';

/** A row of a member's table as the whole cluster knows it. */
export interface KeyedRow<R> {
  readonly member: MemberId;
  /** Unique over all members; the same from one list to the next. */
  readonly key: number;
  readonly row: R;
}

interface Rows<R> {
  readonly member: MemberId;
  readonly rows: readonly R[];
}

/**
 * Members number the rows of their tables each for itself, from 1. The key for the cluster has the member in it: its
 * number, exclusive-or with the row's own key. Where two fall together, which is rare, the later row takes the next key.
 */
export function keyedRows<R extends { readonly Key: number }>(tables: readonly Rows<R>[]): readonly KeyedRow<R>[] {
  const taken = new Set<number>();
  return tables.flatMap(({ member, rows }) => {
    const number = hashOfMember(member);
    return rows.map((row) => {
      let key = (number ^ row.Key) >>> 0;
      while (taken.has(key)) key = (key + 1) >>> 0;
      taken.add(key);
      return { member, key, row };
    });
  });
}
