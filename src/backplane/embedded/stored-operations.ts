import type { Operation } from '../backplane.ts';
import { BadRequest, checkKey, checkPrefix, limits, valueBytes } from '../limits.ts';
import type { Leases } from './leases.ts';
import type { StoredOperation } from './requests.ts';

/** Operations in the form in which they are stored, with everything checked that can be wrong about them. */
export function storedOperations(operations: readonly Operation[], leases: Leases): StoredOperation[] {
  if (operations.length > limits.transactionMaxOperations) {
    throw new BadRequest(`${operations.length} operations at once; ${limits.transactionMaxOperations} are allowed`);
  }
  let bytes = 0;
  return operations.map((operation) => {
    const stored = storedOperation(operation, leases);
    if (stored.kind === 'put') bytes += stored.value.length;
    if (bytes > limits.transactionMaxBytes) {
      throw new BadRequest(`one transaction holds more than ${limits.transactionMaxBytes} bytes of values`);
    }
    return stored;
  });
}

function storedOperation(operation: Operation, leases: Leases): StoredOperation {
  switch (operation.kind) {
    case 'put': {
      const { key, value, lease } = operation;
      checkKey(key);
      if (lease !== undefined) leases.check(lease);
      return { kind: 'put', key, value: valueBytes(key, value), lease: lease?.id };
    }
    case 'delete':
      checkKey(operation.key);
      return operation;
    case 'deletePrefix':
      checkPrefix(operation.prefix);
      return operation;
  }
}
