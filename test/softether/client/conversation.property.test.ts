import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '#base';
import { SeededRandom } from '#io/sim';
import { encodeHello, type Hello } from '../../../src/softether/codec/hello.ts';
import { encodePackResponse } from '../../../src/softether/codec/http-pack.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { Conversation, type ConversationStep } from '../../../src/softether/client/conversation.ts';
import { mutate } from '../../fuzz/mutate.ts';

const hello: Hello = { product: 'Server', version: 501, build: 9674, random: Buffer.alloc(20, 3) };
const answer = new Pack().setStr('session_name', 'SID-1').setData('session_key', Buffer.alloc(20, 1));
const frames = Buffer.from('ffffffff00000000000000010000000e', 'hex');
const wire = Buffer.concat([encodePackResponse(encodeHello(hello)), encodePackResponse(answer), frames]);

const start = (): Conversation => new Conversation('vpn.example', ({ random }) => new Pack().setData('proof', random));

/** Feeds the pieces until the conversation is over. */
function feed(conversation: Conversation, pieces: readonly Buffer[]): ConversationStep[] {
  const steps: ConversationStep[] = [];
  for (const piece of pieces) {
    const step = conversation.receive(piece);
    if (step === undefined) continue;
    steps.push(step);
    if (step.kind !== 'send') break;
  }
  return steps;
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const points = [0, ...[...at].sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, i) => bytes.subarray(points[i], end));
}

describe('the conversation before a session', () => {
  test('begins with the signature', () => {
    const text = start().begin().toString('latin1');
    expect(text).toMatch(/^POST \/vpnsvc\/connect\.cgi HTTP\/1\.1\r\nHost: vpn\.example\r\n/);
    expect(text).toMatch(/\r\n\r\nVPNCONNECT$/);
  });

  test('gives the same steps however its input is cut', () => {
    // a Hello and its answer never come in one piece: the answer is to what we send in between
    const helloEnd = encodePackResponse(encodeHello(hello)).length;
    fc.assert(
      fc.property(fc.array(fc.nat(wire.length), { maxLength: 12 }), (points) => {
        const steps = feed(start(), cut(wire, [...points, helloEnd]));
        expect(steps.map(({ kind }) => kind)).toEqual(['send', 'answered']);
        const last = steps[1]!;
        if (last.kind !== 'answered') throw new Error('not answered');
        expect(last.answer.str('session_name')).toBe('SID-1');
        expect(last.hello).toEqual(hello);
        expect(frames.subarray(0, last.unread.length)).toEqual(last.unread);
      }),
    );
  });

  test('ends with the Hello where nothing is asked', () => {
    const steps = feed(new Conversation('vpn.example'), [wire]);
    expect(steps).toMatchObject([{ kind: 'greeted', hello }]);
  });

  test('meets bad bytes with a DecodeError, never with another', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat(wire.length), { maxLength: 4 }), (seed, points) => {
        try {
          feed(start(), cut(mutate(new SeededRandom(seed), [wire]), points));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
