import { isUtf8 } from 'node:buffer';
import { ByteReader, DecodeError } from '#base';
import { MAX_NAME_BYTES, packTypes, type PackElement, type PackType } from './pack-element.ts';
import type { PackLimits } from './pack-limits.ts';

/** u32 name length, a name of one byte, u32 type, u32 value count, one value of four bytes. */
const MIN_ELEMENT_BYTES = 17;
/** What one value takes at least: int itself, int64 itself, else its u32 length. */
const MIN_VALUE_BYTES: Readonly<Record<PackType, number>> = { int: 4, data: 4, str: 4, unistr: 4, int64: 8 };
const NO_BYTES = Buffer.alloc(0);

/**
 * Elements in the order of the wire:
 *
 *     PACK    = u32 count, ELEMENT*
 *     ELEMENT = u32 (name length + 1), name without NUL, u32 type, u32 value count, VALUE*
 *     VALUE   = int u32 | int64 u64 | data, str: u32 length, bytes | unistr: u32 length with NUL, UTF-8, NUL
 *
 * Bytes after the last element are left alone, as the original does. Throws DecodeError.
 */
export function decodeElements(bytes: Buffer, limits: PackLimits): PackElement[] {
  if (bytes.length > limits.maxBytes) {
    throw new DecodeError(`PACK of ${bytes.length} bytes; at most ${limits.maxBytes}`, 0);
  }
  const reader = new ByteReader(bytes);
  const count = reader.u32();
  requireCount(count, limits.maxElements, MIN_ELEMENT_BYTES, reader, 'elements');
  const elements: PackElement[] = [];
  let valuesLeft = limits.maxValues;
  for (let i = 0; i < count; i++) {
    const element = decodeElement(reader, valuesLeft, limits.maxValueBytes);
    valuesLeft -= element.values.length;
    elements.push(element);
  }
  return elements;
}

function decodeElement(reader: ByteReader, valuesLeft: number, maxValueBytes: number): PackElement {
  const name = decodeName(reader);
  const typeCode = reader.u32();
  const type = packTypes[typeCode];
  if (type === undefined)
    throw new DecodeError(`PACK element "${name}" of unknown type ${typeCode}`, reader.offset - 4);
  const count = reader.u32();
  if (count === 0) throw new DecodeError(`PACK element "${name}" without values`, reader.offset - 4);
  requireCount(count, valuesLeft, MIN_VALUE_BYTES[type], reader, `values in "${name}"`);
  switch (type) {
    case 'int':
      return { name, type, values: readValues(count, () => reader.u32()) };
    case 'int64':
      return { name, type, values: readValues(count, () => reader.u64()) };
    case 'data':
      return { name, type, values: readValues(count, () => decodeData(reader, maxValueBytes)) };
    case 'str':
      return { name, type, values: readValues(count, () => decodeStr(decodeData(reader, maxValueBytes))) };
    case 'unistr':
      return { name, type, values: readValues(count, () => decodeUnistr(decodeData(reader, maxValueBytes))) };
  }
}

function readValues<T>(count: number, read: () => T): T[] {
  const values = [read()];
  while (values.length < count) values.push(read());
  return values;
}

function requireCount(count: number, limit: number, minBytes: number, reader: ByteReader, what: string): void {
  if (count > limit) throw new DecodeError(`${count} PACK ${what}; at most ${limit}`, reader.offset - 4);
  if (count * minBytes > reader.remaining) {
    throw new DecodeError(`${count} PACK ${what}, but only ${reader.remaining} bytes`, reader.offset - 4);
  }
}

/** The length on the wire counts a NUL that is not sent. Nobody sends an empty name, and none could be written back. */
function decodeName(reader: ByteReader): string {
  const stored = reader.u32();
  if (stored < 2) throw new DecodeError('PACK element without a name', reader.offset - 4);
  if (stored - 1 > MAX_NAME_BYTES) {
    throw new DecodeError(`PACK element name of ${stored - 1} bytes; at most ${MAX_NAME_BYTES}`, reader.offset - 4);
  }
  return reader.latin1(stored - 1);
}

function decodeData(reader: ByteReader, maxValueBytes: number): Buffer {
  const length = reader.u32();
  if (length > maxValueBytes) {
    throw new DecodeError(`PACK value of ${length} bytes; at most ${maxValueBytes}`, reader.offset - 4);
  }
  return length === 0 ? NO_BYTES : reader.bytes(length);
}

/**
 * Peers send ASCII or UTF-8; old Windows clients their code page, which is then read as Latin-1.
 * A NUL ends the text, as it does for every peer written in C.
 */
function decodeStr(bytes: Buffer): string {
  const text = bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  return untilNul(text);
}

function decodeUnistr(bytes: Buffer): string {
  return untilNul(bytes.toString('utf8'));
}

function untilNul(text: string): string {
  const nul = text.indexOf('\0');
  return nul === -1 ? text : text.slice(0, nul);
}
