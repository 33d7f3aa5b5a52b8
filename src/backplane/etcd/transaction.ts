import type { Operation } from '../backplane.ts';
import { BadRequest, checkKey, checkPrefix, limits, valueBytes } from '../limits.ts';
import type { DeleteRangeRequest, PutRequest } from './codec/key-value.ts';
import { prefixRange, without } from './key-range.ts';

/**
 * etcd's write-ahead log does not read entries above 10 MB back (before 3.4.20), so the engine never gets one: keys and
 * values of a transaction together.
 */
export const engineTransactionMaxBytes = 8 * 1024 * 1024;
/** What each operation costs on the way, about. */
const operationBytes = 32;

export interface PlannedTransaction {
  readonly puts: readonly PutRequest[];
  readonly deletes: readonly DeleteRangeRequest[];
  readonly bytes: number;
}

/**
 * What is left of `operations` when each key is touched once: etcd refuses a transaction that writes a key twice, or
 * deletes a range in which it writes.
 */
export function planTransaction(
  operations: readonly Operation[],
  checkLease: (lease: { readonly id: string }) => void,
): PlannedTransaction {
  if (operations.length > limits.transactionMaxOperations) {
    throw new BadRequest(`${operations.length} operations at once; ${limits.transactionMaxOperations} are allowed`);
  }
  const puts = new Map<string, PutRequest>();
  const deleted = new Set<string>();
  const prefixes = new Set<string>();
  for (const operation of operations) {
    switch (operation.kind) {
      case 'put': {
        const { key, value, lease } = operation;
        checkKey(key);
        if (lease !== undefined) checkLease(lease);
        puts.set(key, { key: Buffer.from(key), value: valueBytes(key, value), lease: lease?.id ?? '0' });
        break;
      }
      case 'delete':
        checkKey(operation.key);
        puts.delete(operation.key);
        deleted.add(operation.key);
        break;
      case 'deletePrefix':
        checkPrefix(operation.prefix);
        for (const key of puts.keys()) if (key.startsWith(operation.prefix)) puts.delete(key);
        prefixes.add(operation.prefix);
    }
  }
  return checked([...puts.values()], [...prefixDeletes(prefixes, puts), ...keyDeletes(deleted, prefixes, puts)]);
}

type Puts = ReadonlyMap<string, PutRequest>;

function prefixDeletes(prefixes: ReadonlySet<string>, puts: Puts): DeleteRangeRequest[] {
  const outer = [...prefixes].filter((prefix) => !isUnder(prefix, prefixes, prefix));
  return outer.flatMap((prefix) => {
    const kept = [...puts.keys()].filter((key) => key.startsWith(prefix));
    return without(
      prefixRange(prefix),
      kept.map((key) => Buffer.from(key)),
    );
  });
}

function keyDeletes(deleted: ReadonlySet<string>, prefixes: ReadonlySet<string>, puts: Puts): DeleteRangeRequest[] {
  const rest = [...deleted].filter((key) => !puts.has(key) && !isUnder(key, prefixes));
  return rest.map((key) => ({ key: Buffer.from(key) }));
}

function isUnder(key: string, prefixes: ReadonlySet<string>, except?: string): boolean {
  for (const prefix of prefixes) if (prefix !== except && key.startsWith(prefix)) return true;
  return false;
}

function checked(puts: readonly PutRequest[], deletes: readonly DeleteRangeRequest[]): PlannedTransaction {
  let bytes = 0;
  for (const put of puts) bytes += operationBytes + put.key.length + put.value.length;
  for (const each of deletes) bytes += operationBytes + each.key.length + (each.rangeEnd?.length ?? 0);
  if (bytes > engineTransactionMaxBytes) {
    throw new BadRequest(
      `one transaction of ${bytes} bytes; the cluster's engine takes ${engineTransactionMaxBytes}: write it in parts`,
    );
  }
  return { puts, deletes, bytes };
}
