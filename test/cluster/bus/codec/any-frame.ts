import fc from 'fast-check';
import { BufferPool } from '#base';
import { refusalReasons, type Frame } from '../../../../src/cluster/bus/codec/frame.ts';
import { FrameWriter } from '../../../../src/cluster/bus/codec/frame-writer.ts';

export const BLOCK_BYTES = 1024;

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const seq = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const service = fc.stringMatching(/^[a-z][a-z/-]{0,40}$/);
const json = fc.oneof(
  fc.json(),
  fc.constant(''),
  fc.string({ unit: 'binary', maxLength: 3000 }).map((text) => JSON.stringify(text)),
);
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const shortText = fc.string({ unit: 'grapheme-ascii', maxLength: 60 });

export const anyHello: fc.Arbitrary<Extract<Frame, { kind: 'hello' }>> = fc.record({
  kind: fc.constant('hello' as const),
  version: fc.integer({ min: 0, max: 0xffff }),
  oldestVersion: fc.integer({ min: 0, max: 0xffff }),
  cluster: shortText,
  member: shortText,
  boot: shortText,
  called: shortText,
});

export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  anyHello,
  fc.record({ kind: fc.constant('memory' as const), memory: u32 }),
  fc.record({ kind: fc.constant('refusal' as const), reason: fc.constantFrom(...refusalReasons), text }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), token: u32 }),
  fc.record({ kind: fc.constant('call' as const), seq, timeoutMs: u32, service, json }),
  fc.record({ kind: fc.constant('answer' as const), seq, json }),
  fc.record({ kind: fc.constant('refused' as const), seq, code: shortText, text }),
  fc.record({ kind: fc.constantFrom('gone' as const, 'overload' as const), seq, text }),
  fc.record({ kind: fc.constant('send' as const), service, json }),
  fc.record({ kind: fc.constant('acks' as const), lowest: seq, above: fc.array(seq, { maxLength: 50 }) }),
  fc.record({ kind: fc.constant('goodbye' as const), text }),
);

function write(writer: FrameWriter, frame: Frame): void {
  switch (frame.kind) {
    case 'hello':
      writer.hello(frame);
      return;
    case 'memory':
      writer.memory(frame.memory);
      return;
    case 'refusal':
      writer.refusal(frame.reason, frame.text);
      return;
    case 'ping':
      writer.ping(frame.token);
      return;
    case 'pong':
      writer.pong(frame.token);
      return;
    case 'call':
      writer.call(frame.seq, frame.timeoutMs, frame.service, frame.json);
      return;
    case 'send':
      writer.send(frame.service, frame.json);
      return;
    case 'acks':
      writer.acks(frame.lowest, frame.above);
      return;
    case 'goodbye':
      writer.goodbye(frame.text);
      return;
    case 'answer':
    case 'refused':
    case 'gone':
    case 'overload':
      writer.outcome(frame);
  }
}

export function encode(frames: readonly Frame[], pool = new BufferPool(BLOCK_BYTES, 4)): Buffer {
  const writer = new FrameWriter(pool);
  for (const frame of frames) write(writer, frame);
  const length = writer.length;
  const blocks = writer.take();
  const bytes = Buffer.concat(blocks.map((block) => block.memory.subarray(0, block.length)));
  if (bytes.length !== length || writer.length !== 0)
    throw new Error(`${length} bytes announced, ${bytes.length} written`);
  for (const block of blocks) writer.giveBack(block);
  return bytes;
}
