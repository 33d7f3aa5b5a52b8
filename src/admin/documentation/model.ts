import type { Operation } from '../operations/operation.ts';
import { operations } from '../operations/table.ts';
import type { Field, Fields, ScalarKind } from '../schema/field.ts';
import { jsonName } from '../schema/json.ts';

/** A field as documentation shows it. */
export interface DocumentedField {
  /** As in JSON; fields of rows have the list's name in front: `HubList[].HubName_str`. */
  readonly name: string;
  readonly type: string;
  readonly about: string;
}

export interface DocumentedOperation {
  readonly name: string;
  readonly about: string;
  readonly who: string;
  readonly command: string;
  readonly isChange: boolean;
  readonly isOverRpc: boolean;
  readonly input: readonly DocumentedField[];
  readonly output: readonly DocumentedField[];
}

const typeNames: { readonly [K in ScalarKind]: string } = {
  int: 'number (u32)',
  bool: 'boolean',
  str: 'string',
  unistr: 'string',
  int64: 'number (u64)',
  data: 'base64',
  time: 'RFC 3339, UTC',
  ip: 'IP address',
};

const who: { readonly [R in Operation['role']]: string } = {
  anyone: 'any administrator',
  server: 'server administrator',
  hub: "server administrator, or the hub's",
};

export function documentedFields(fields: Fields): DocumentedField[] {
  return Object.entries(fields).flatMap(([name, field]) => documentedField(name, field));
}

function documentedField(name: string, field: Field): DocumentedField[] {
  if (field.shape === 'list') {
    const rows = documentedFields(field.columns).map((column) => ({ ...column, name: `${name}[].${column.name}` }));
    return rows.length > 0 ? rows : [{ name: `${name}[]`, type: 'array', about: field.about }];
  }
  const isArray = field.shape === 'many';
  const optional = !isArray && field.isOptional ? 'optional' : '';
  const about = [optional, field.about].filter((part) => part !== '').join('; ');
  return [{ name: jsonName(name, field.type), type: typeNames[field.type] + (isArray ? ' array' : ''), about }];
}

function isSupported(operation: Operation): boolean {
  return operation.noun !== '';
}

/** In the order of the table, grouped by the noun. */
export function documentedOperations(): ReadonlyMap<string, readonly DocumentedOperation[]> {
  const groups = new Map<string, DocumentedOperation[]>();
  for (const operation of [...operations.values()].filter(isSupported)) {
    const group = groups.get(operation.noun) ?? [];
    group.push({
      name: operation.name,
      about: operation.about,
      who: who[operation.role],
      command: `${operation.noun} ${operation.verb}`,
      isChange: operation.effect === 'change',
      isOverRpc: operation.faces !== 'json',
      input: documentedFields(operation.input),
      output: documentedFields(operation.output),
    });
    groups.set(operation.noun, group);
  }
  return groups;
}

export function unsupportedNames(): readonly string[] {
  return [...operations.values()].filter((operation) => !isSupported(operation)).map(({ name }) => name);
}
