import { ByteWriter } from '#base';
import { packTypes, type PackElement } from './pack-element.ts';

/** Elements in the given order; linear in the size of the output. */
export function encodeElements(elements: readonly PackElement[]): Buffer {
  const writer = new ByteWriter();
  writer.u32(elements.length);
  for (const element of elements) encodeElement(writer, element);
  return writer.finish();
}

function encodeElement(writer: ByteWriter, element: PackElement): void {
  writer.u32(element.name.length + 1);
  writer.latin1(element.name);
  writer.u32(packTypes.indexOf(element.type));
  writer.u32(element.values.length);
  switch (element.type) {
    case 'int':
      for (const value of element.values) writer.u32(value);
      break;
    case 'int64':
      for (const value of element.values) writer.u64(value);
      break;
    case 'data':
      for (const value of element.values) writer.u32(value.length).bytes(value);
      break;
    case 'str':
      for (const value of element.values) encodeText(writer, value, false);
      break;
    case 'unistr':
      for (const value of element.values) encodeText(writer, value, true);
      break;
  }
}

function encodeText(writer: ByteWriter, text: string, withNul: boolean): void {
  const lengthAt = writer.length;
  writer.u32(0);
  const written = writer.utf8(text);
  if (withNul) writer.u8(0);
  writer.patchU32(lengthAt, withNul ? written + 1 : written);
}
