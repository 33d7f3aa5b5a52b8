/** A record of the backplane as an object; undefined = not one. What its fields are is for the caller to check. */
export function parseJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()));
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

export const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export const isText = (value: unknown): value is string => typeof value === 'string';

export const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';

export const isPorts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= portsMax && value.every((port) => isCount(port) && port > 0 && port < 65_536);

/** As many public ports as a member may have (softether-protocol §9.2). */
const portsMax = 128;
