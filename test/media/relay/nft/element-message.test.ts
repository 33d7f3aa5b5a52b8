import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeElementAnswers,
  ELEMENTS_MAX,
  encodeElementQuestion,
} from '../../../../src/media/relay/nft/element-message.ts';
const vectors = JSON.parse(readFileSync('test/vectors/media/nft-elements.json', 'utf8')) as Record<'question', string> &
  Record<'keys' | 'answers' | 'refusals', string[]>;
import { elementAnswer } from './element-answer.ts';

const keys = vectors.keys.map((key) => Buffer.from(key, 'hex'));
const answers = vectors.answers.map((answer) => Buffer.from(answer, 'hex'));
const refusals = vectors.refusals.map((answer) => Buffer.from(answer, 'hex'));

describe('a question for counters', () => {
  test('is what Linux 6.18 answers', () => {
    expect(encodeElementQuestion('t', 'z4', keys, 7).toString('hex')).toBe(vectors.question);
  });

  test('has a limit', () => {
    expect(() => encodeElementQuestion('t', 'z4', new Array(ELEMENTS_MAX + 1).fill(keys[0]), 7)).toThrow(RangeError);
  });
});

describe('the answer', () => {
  test('of Linux 6.18 has packets and bytes by key', () => {
    expect([...decodeElementAnswers(answers, 7)]).toEqual([
      [vectors.keys[0], { packets: 3, bytes: 600 }],
      [vectors.keys[1], { packets: 0, bytes: 0 }],
    ]);
  });

  test('may be several messages of one datagram', () => {
    expect(decodeElementAnswers([Buffer.concat(answers)], 7).size).toBe(2);
  });

  test('to another question counts for nothing, nor does a refusal', () => {
    expect(decodeElementAnswers(answers, 8).size).toBe(0);
    expect(decodeElementAnswers(refusals, 7).size).toBe(0);
  });

  test('of any bytes throws nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (parts) => {
        decodeElementAnswers(
          parts.map((bytes) => Buffer.from(bytes)),
          0,
        );
      }),
    );
  });

  test('that is damaged at any place throws nothing, and one with whole lengths is read', () => {
    const good = elementAnswer(1, keys[0]!, 2 ** 40, 2 ** 41);
    expect(decodeElementAnswers([good], 1).get(vectors.keys[0]!)).toEqual({ packets: 2 ** 40, bytes: 2 ** 41 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: good.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 0, max: good.length }),
        (at, change, length) => {
          const damaged = Buffer.from(good);
          damaged[at]! ^= change;
          decodeElementAnswers([damaged, damaged.subarray(0, length)], 1);
        },
      ),
    );
  });
});
