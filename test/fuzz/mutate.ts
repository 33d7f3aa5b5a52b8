import type { Random } from '#io';

const MAX_INPUT_BYTES = 65_536;
const MAX_CHANGES = 6;
/** Numbers at which decoders turn: sizes, counts, signs. */
const TURNING_POINTS = [
  0, 1, 2, 4, 5, 16, 63, 64, 65, 127, 128, 255, 256, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
];

/**
 * One of `seeds`, damaged in up to six places. `words` are pieces of bytes that mean something in the format. The same
 * random numbers give the same input.
 */
export function mutate(random: Random, seeds: readonly Buffer[], words: readonly Buffer[] = []): Buffer {
  let bytes: Buffer = Buffer.from(pick(random, seeds));
  for (let changes = 1 + random.below(MAX_CHANGES); changes > 0; changes--) {
    bytes = pick(random, changesOf)(random, bytes, seeds, words);
  }
  return bytes.subarray(0, MAX_INPUT_BYTES);
}

type Change = (random: Random, bytes: Buffer, seeds: readonly Buffer[], words: readonly Buffer[]) => Buffer;

const flipBit: Change = (random, bytes) => {
  if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
};

const setByte: Change = (random, bytes) => {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
};

const setNumber: Change = (random, bytes) => {
  if (bytes.length < 4) return bytes;
  const nearLength = bytes.length - 3 + random.below(7);
  const value = random.below(4) === 0 ? nearLength : pick(random, TURNING_POINTS);
  bytes.writeUInt32BE(value, random.below(bytes.length - 3));
  return bytes;
};

/** Numbers of the wire are seldom far off: one more or less is where checks are wrong. */
const nudgeNumber: Change = (random, bytes) => {
  if (bytes.length < 4) return bytes;
  const at = random.below(bytes.length - 3);
  bytes.writeUInt32BE((bytes.readUInt32BE(at) + random.below(9) - 4) >>> 0, at);
  return bytes;
};

const remove: Change = (random, bytes) => {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
};

const repeat: Change = (random, bytes) => {
  const at = random.below(bytes.length + 1);
  const piece = bytes.subarray(at, at + 1 + random.below(64));
  const times = 1 + random.below(3);
  return Buffer.concat([bytes.subarray(0, at), ...Array.from({ length: times }, () => piece), bytes.subarray(at)]);
};

const insert: Change = (random, bytes, _seeds, words) => {
  const at = random.below(bytes.length + 1);
  const piece = words.length > 0 && random.below(2) === 0 ? pick(random, words) : random.bytes(1 + random.below(16));
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
};

const cutEnd: Change = (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1));

const splice: Change = (random, bytes, seeds) => {
  const other = pick(random, seeds);
  return Buffer.concat([
    bytes.subarray(0, random.below(bytes.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ]);
};

const changesOf: readonly Change[] = [
  flipBit,
  setByte,
  setByte,
  setNumber,
  setNumber,
  nudgeNumber,
  remove,
  repeat,
  insert,
  cutEnd,
  splice,
];

function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[random.below(from.length)];
  if (chosen === undefined) throw new RangeError('nothing to choose from');
  return chosen;
}
