import { describe, expect, test } from 'vitest';
import { messageLimits } from '../../../src/sip/message/limits.ts';
import { StreamFramer, type FramedItem } from '../../../src/sip/message/stream-framer.ts';
import { bytesOf, neededLines } from './messages.ts';

const message = (...more: string[]): Buffer =>
  bytesOf('OPTIONS sip:a@b SIP/2.0', ...neededLines, 'CSeq: 1 OPTIONS', ...more);
const kinds = (items: readonly FramedItem[]): string[] => items.map(({ kind }) => kind);

describe('a stream', () => {
  test('is cut by Content-Length, in any of its forms', () => {
    const parts = [
      message('Content-Length: 3', '', 'abc'),
      message('l :\r\n 2', '', 'xy'),
      message('CONTENT-LENGTH:0'),
      message(),
    ];
    const items = new StreamFramer().push(Buffer.concat(parts));
    expect(items).toEqual(parts.map((bytes) => ({ kind: 'message', bytes })));
  });

  test('holds no more than what has not come whole', () => {
    const framer = new StreamFramer();
    const bytes = message('l: 3', '', 'abc');
    for (const byte of bytes.subarray(0, -1)) expect(framer.push(Buffer.from([byte]))).toEqual([]);
    expect(framer.heldBytes).toBe(bytes.length - 1);
    expect(framer.push(bytes.subarray(-1))).toEqual([{ kind: 'message', bytes }]);
    expect(framer.heldBytes).toBe(0);
  });

  test('tells a ping from a pong (RFC 5626 §4.4.1): the second CR LF in a row is a ping on top', () => {
    const framer = new StreamFramer();
    expect(kinds(framer.push(Buffer.from('\r\n')))).toEqual(['pong']);
    expect(kinds(framer.push(Buffer.from('\r')))).toEqual([]);
    expect(kinds(framer.push(Buffer.from('\n')))).toEqual(['pong', 'ping']);
    expect(kinds(framer.push(Buffer.concat([message(), Buffer.from('\r\n'), message()])))).toEqual([
      'message',
      'pong',
      'message',
    ]);
    expect(kinds(framer.push(Buffer.from('\r\n')))).toEqual(['pong']);
  });

  test.each(['l: -1', 'l: 1x', 'l: 5\r\nContent-Length: 5', 'l:'])(
    'breaks at "%s", with what the 400 needs',
    (line) => {
      const framer = new StreamFramer();
      const [item] = framer.push(message(line));
      expect(item).toMatchObject({ kind: 'broken', bad: { status: 400 } });
      expect(item?.kind === 'broken' && item.bad.request?.callId()).toBe('a84b4c76e66710@pc33.atlanta.example.com');
      expect(framer.isBroken).toBe(true);
      expect(framer.push(message())).toEqual([]);
    },
  );

  test('breaks at a message above the limit before it is taken in', () => {
    const framer = new StreamFramer();
    const [item] = framer.push(message(`l: ${messageLimits.streamMaxBytes}`));
    expect(item).toMatchObject({ kind: 'broken', bad: { status: 513 } });
    expect(framer.heldBytes).toBe(0);
  });

  test('breaks at a head without an end', () => {
    const framer = new StreamFramer();
    const chunk = Buffer.alloc(8192, 'a');
    let items: FramedItem[] = [];
    for (let sent = 0; sent <= messageLimits.headMaxBytes && items.length === 0; sent += chunk.length)
      items = framer.push(chunk);
    expect(items).toMatchObject([{ kind: 'broken', bad: { status: 0 } }]);
    expect(framer.heldBytes).toBe(0);
  });
});
