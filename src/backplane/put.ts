import type { Backplane, Operation, PutOptions, Revision } from './backplane.ts';

/** `Backplane.put`, as the transaction that it is. */
export function put(
  store: Pick<Backplane, 'txn'>,
  key: string,
  value: Uint8Array | string,
  { lease, guard }: PutOptions = {},
): Promise<Revision> {
  const operation: Operation = { kind: 'put', key, value, ...(lease === undefined ? {} : { lease }) };
  return store.txn([operation], guard === undefined ? [] : [guard]);
}
