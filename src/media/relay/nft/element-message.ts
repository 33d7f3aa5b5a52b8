import type { ElementCount } from './map-listing.ts';

/**
 * What is asked of netfilter about elements of a map, and what it answers: messages of netlink (struct nlmsghdr, struct
 * nfgenmsg) with attributes, each two bytes of length (its own four among them), two of type, and a value padded to four.
 *
 *   NFT_MSG_GETSETELEM: 1 table, 2 map, 3 elements { 1 element { 1 key { 1 bytes } } … }
 *   NFT_MSG_NEWSETELEM, one for each: the same, and in the element 7 expression { 1 "counter", 2 { 1 bytes, 2 packets } }
 *
 * The header is in the machine's order of bytes; where that is not the little-endian one, nobody is asked.
 */
const NLM_F_REQUEST = 1;
const NFPROTO_INET = 1;
const MESSAGE_HEADER_BYTES = 16;
const FAMILY_HEADER_BYTES = 4;
const ATTRIBUTE_HEADER_BYTES = 4;
/** Subsystem 10, nf_tables. */
const GET_ELEMENTS = (10 << 8) | 13;
const NEW_ELEMENTS = (10 << 8) | 12;
const NESTED = 0x8000;
/** The other two bits of a type are flags. */
const TYPE_MASK = 0x3fff;
/** Of one question: its message stays far below what a socket takes. */
export const ELEMENTS_MAX = 64;
/** Attributes of one level that are looked at. */
const ATTRIBUTES_MAX = 256;

const TABLE = 1;
const MAP = 2;
const ELEMENTS = 3;
const ELEMENT = 1;
const KEY = 1;
const EXPRESSION = 7;
const VALUE = 1;
const EXPRESSION_NAME = 1;
const EXPRESSION_DATA = 2;
const COUNTER_BYTES = 1;
const COUNTER_PACKETS = 2;

const padded = (length: number): number => (length + 3) & ~3;

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(padded(ATTRIBUTE_HEADER_BYTES + value.length));
  bytes.writeUInt16LE(ATTRIBUTE_HEADER_BYTES + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, ATTRIBUTE_HEADER_BYTES);
  return bytes;
}

const nested = (type: number, ...parts: readonly Buffer[]): Buffer => attribute(type | NESTED, Buffer.concat(parts));
const text = (value: string): Buffer => Buffer.from(`${value}\0`, 'latin1');

/** @param keys 1–`ELEMENTS_MAX`. @param number is in the answers, too. @throws RangeError for more keys. */
export function encodeElementQuestion(table: string, map: string, keys: readonly Buffer[], number: number): Buffer {
  if (keys.length > ELEMENTS_MAX) throw new RangeError(`${keys.length} elements are more than ${ELEMENTS_MAX}`);
  const elements = keys.map((key) => nested(ELEMENT, nested(KEY, attribute(VALUE, key))));
  const attributes = [attribute(TABLE, text(table)), attribute(MAP, text(map)), nested(ELEMENTS, ...elements)];
  const header = Buffer.alloc(MESSAGE_HEADER_BYTES + FAMILY_HEADER_BYTES);
  const message = Buffer.concat([header, ...attributes]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(GET_ELEMENTS, 4);
  message.writeUInt16LE(NLM_F_REQUEST, 6);
  message.writeUInt32LE(number, 8);
  message.writeUInt8(NFPROTO_INET, MESSAGE_HEADER_BYTES);
  return message;
}

/** Counters by key (hexadecimal) of the datagrams that answer question `number`; what is anything else is passed over. */
export function decodeElementAnswers(datagrams: readonly Buffer[], number: number): ReadonlyMap<string, ElementCount> {
  const counts = new Map<string, ElementCount>();
  for (const datagram of datagrams) {
    for (let at = 0; at + MESSAGE_HEADER_BYTES <= datagram.length;) {
      const length = datagram.readUInt32LE(at);
      if (length < MESSAGE_HEADER_BYTES || at + length > datagram.length) break;
      const isAnswer = datagram.readUInt16LE(at + 4) === NEW_ELEMENTS && datagram.readUInt32LE(at + 8) === number;
      if (isAnswer)
        readElements(datagram.subarray(at + MESSAGE_HEADER_BYTES + FAMILY_HEADER_BYTES, at + length), counts);
      at += padded(length);
    }
  }
  return counts;
}

function readElements(bytes: Buffer, counts: Map<string, ElementCount>): void {
  const [list] = attributesOf(bytes, ELEMENTS);
  for (const element of attributesOf(list, ELEMENT)) {
    const [key] = attributesOf(attributesOf(element, KEY)[0], VALUE);
    const count = countOf(attributesOf(element, EXPRESSION)[0]);
    if (key !== undefined && count !== undefined) counts.set(key.toString('hex'), count);
  }
}

function countOf(expression: Buffer | undefined): ElementCount | undefined {
  if (attributesOf(expression, EXPRESSION_NAME)[0]?.toString('latin1') !== 'counter\0') return undefined;
  const [data] = attributesOf(expression, EXPRESSION_DATA);
  const [bytes] = attributesOf(data, COUNTER_BYTES);
  const [packets] = attributesOf(data, COUNTER_PACKETS);
  if (bytes?.length !== 8 || packets?.length !== 8) return undefined;
  return { bytes: Number(bytes.readBigUInt64BE()), packets: Number(packets.readBigUInt64BE()) };
}

/** Values of the attributes of one type. */
function attributesOf(bytes: Buffer | undefined, wanted: number): readonly Buffer[] {
  const found: Buffer[] = [];
  if (bytes === undefined) return found;
  let seen = 0;
  for (let at = 0; at + ATTRIBUTE_HEADER_BYTES <= bytes.length && seen < ATTRIBUTES_MAX; seen++) {
    const length = bytes.readUInt16LE(at);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > bytes.length) break;
    if ((bytes.readUInt16LE(at + 2) & TYPE_MASK) === wanted) {
      found.push(bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length));
    }
    at += padded(length);
  }
  return found;
}
