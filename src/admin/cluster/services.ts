/** `EnumMacTable` → `admin/enum-mac-table`: the bus service under which members serve an operation. */
export function serviceOf(operation: string): string {
  const words = operation.match(/[A-Z]+(?![a-z])|[A-Z][a-z0-9]*/g) ?? [operation];
  return `admin/${words.map((word) => word.toLowerCase()).join('-')}`;
}

/** Serves what did not fit into the first piece of an answer. */
export const REST_SERVICE = 'admin/rest-of-answer';
