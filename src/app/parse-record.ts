/** Fields of a stored JSON record; a wrong one throws, which `StoredRecord` reports with the record's key. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return value as Readonly<Record<string, unknown>>;
}

export function stringOf(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name];
  if (typeof value !== 'string') throw new Error(`${name} is not a string`);
  return value;
}

export function booleanOf(record: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = record[name];
  if (typeof value !== 'boolean') throw new Error(`${name} is not true or false`);
  return value;
}

export function integerOf(record: Readonly<Record<string, unknown>>, name: string): number {
  const value = record[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Error(`${name} is not an integer`);
  return value;
}
