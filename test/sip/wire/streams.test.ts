import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../io/node/free-ports.ts';
import { fields } from './raw-peer.ts';
import { useRawServer } from './raw-server.ts';
import { frame, RawStream } from './raw-stream.ts';

const wsPort = await freePort();
const server = useRawServer({ ws: [{ host: '127.0.0.1', port: wsPort }] });
const streams: RawStream[] = [];
let serial = 0;

afterEach(() => {
  for (const one of streams.splice(0)) one.destroy();
});

async function open(port = server.port): Promise<RawStream> {
  const stream = await RawStream.open(port);
  streams.push(stream);
  return stream;
}

function options(callId: string, transport = 'TCP', more: readonly string[] = ['Content-Length: 0']): string {
  serial += 1;
  return [
    'OPTIONS sip:farm.test SIP/2.0',
    `Via: SIP/2.0/${transport} client.invalid;branch=z9hG4bKs${serial}`,
    'Max-Forwards: 70',
    'From: <sip:eve@example.net>;tag=f',
    'To: <sip:farm.test>',
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    ...more,
    '',
    '',
  ].join('\r\n');
}

const answerTo = (callId: string): RegExp => new RegExp(`SIP/2\\.0 200 [^]*?Call-ID: ${callId}\r[^]*?\r\n\r\n`);

describe('a connection', () => {
  test('byte by byte, pipelined, and cut in the middle is read as one stream', async () => {
    const stream = await open();
    await stream.writeSlowly(options('slow'));
    await stream.hears(answerTo('slow'));
    const third = options('third');
    stream.write(`${options('first')}${options('second')}\r\n${third.slice(0, 50)}`);
    await stream.hears(answerTo('second'));
    stream.write(third.slice(50));
    await stream.hears(answerTo('third'));
    await stream.writeSlowly(options('body', 'TCP', ['l  :\t5 ']) + 'abcde' + options('behind'));
    await stream.hears(answerTo('body'));
    await stream.hears(answerTo('behind'));
  });

  test('is answered one CR LF for each two (RFC 5626 §3.5.1), between messages and nowhere else', async () => {
    const stream = await open();
    stream.write('\r\n\r\n');
    await stream.hears(/^\r\n$/);
    stream.write(`\r\n${options('between')}\r\n`);
    await stream.hears(answerTo('between'));
    expect(stream.heard).toBe('');
  });

  test.each([
    ['a negative Content-Length', ['Content-Length: -5'], 400],
    ['two Content-Lengths', ['Content-Length: 0', 'l: 5'], 400],
    ['more than there may be', ['Content-Length: 99999999'], 513],
  ] as const)(
    'with %s ends after its answer: nobody knows where the next message begins',
    async (_name, lines, status) => {
      const stream = await open();
      stream.write(options('broken', 'TCP', lines));
      await stream.hears(new RegExp(`^SIP/2\\.0 ${status} `));
      await stream.closes();
    },
  );

  test('with a head that does not end is closed before it fills the memory', async () => {
    const stream = await open();
    stream.write('A'.repeat(200_000));
    await stream.closes();
  });

  test('that is no SIP gets no answer, and what follows on it does', async () => {
    const stream = await open();
    stream.write('GET / HTTP/1.1\r\nHost: farm.test\r\n\r\n');
    stream.write(options('after'));
    const answer = await stream.hears(/^SIP[^]*?\r\n\r\n/);
    expect(fields(answer, 'Call-ID')).toEqual(['after']);
  });
});

describe('a WebSocket (RFC 7118)', () => {
  const upgrade = (lines: readonly string[]): string =>
    [
      'GET /sip HTTP/1.1',
      'Host: farm.test',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      ...lines,
      '',
      '',
    ].join('\r\n');

  async function join(): Promise<RawStream> {
    const stream = await open(wsPort);
    stream.write(upgrade(['Sec-WebSocket-Protocol: chat, sip']));
    expect(await stream.hears(/^HTTP[^]*?\r\n\r\n/)).toMatch(/^HTTP\/1\.1 101 [^]*Sec-WebSocket-Protocol: sip\r\n/i);
    return stream;
  }

  /** The next frame: its first byte and what is in it. */
  async function nextFrame(stream: RawStream): Promise<readonly [number, string]> {
    const head = await stream.hears(/^[^]{2}/);
    const short = head.charCodeAt(1);
    const more = short === 126 ? await stream.hears(/^[^]{2}/) : '';
    const length = short === 126 ? more.charCodeAt(0) * 256 + more.charCodeAt(1) : short;
    return [head.charCodeAt(0), length === 0 ? '' : await stream.hears(new RegExp(`^[^]{${length}}`))];
  }

  test('without the subprotocol sip is refused', async () => {
    for (const lines of [[], ['Sec-WebSocket-Protocol: chat']]) {
      const stream = await open(wsPort);
      stream.write(upgrade(lines));
      await stream.hears(/^HTTP\/1\.1 400 /);
      await stream.closes();
    }
  });

  test('takes a message whole, in fragments with a ping between, as text and as bytes', async () => {
    const stream = await join();
    for (const opcode of [1, 2]) {
      stream.write(frame(opcode, options(`whole-${opcode}`, 'WS', [])));
      expect((await nextFrame(stream))[1]).toMatch(answerTo(`whole-${opcode}`));
    }
    const text = options('cut', 'WS');
    stream.write(frame(1, text.slice(0, 30), { isLast: false }));
    stream.write(frame(9, 'are you there'));
    expect(await nextFrame(stream)).toEqual([0x8a, 'are you there']);
    stream.write(frame(0, text.slice(30, 31), { isLast: false }));
    stream.write(frame(0, text.slice(31)));
    const [first, answer] = await nextFrame(stream);
    expect(first).toBe(0x81);
    expect(answer).toMatch(answerTo('cut'));
  });

  test('keeps up by CR LF CR LF in a frame, too, as some do', async () => {
    const stream = await join();
    stream.write(frame(1, '\r\n\r\n'));
    expect(await nextFrame(stream)).toEqual([0x81, '\r\n']);
  });

  test('goes on after what is no SIP', async () => {
    const stream = await join();
    stream.write(frame(1, 'hello'));
    stream.write(frame(1, options('after', 'WS')));
    expect((await nextFrame(stream))[1]).toMatch(answerTo('after'));
  });

  const closing = (stream: RawStream): Promise<number> =>
    nextFrame(stream).then(([first, text]) => {
      expect(first).toBe(0x88);
      return text.charCodeAt(0) * 256 + text.charCodeAt(1);
    });

  test('that says good-bye is said good-bye to with its own code', async () => {
    const stream = await join();
    stream.write(frame(8, '\x03\xe8bye'));
    expect(await closing(stream)).toBe(1000);
    await stream.closes();
  });

  test.each([
    ['a frame without a mask', frame(1, options('x', 'WS'), { isMasked: false }), 1002],
    ['an opcode that there is not', frame(3, 'x'), 1002],
    ['text that is no UTF-8', frame(1, '\xff\xfe'), 1007],
    ['a continuation of nothing', frame(0, 'x'), 1002],
  ] as const)('with %s is closed, and told why', async (_name, bytes, code) => {
    const stream = await join();
    stream.write(bytes);
    expect(await closing(stream)).toBe(code);
    await stream.closes();
  });

  test('with a message that is too large is closed with 1009', async () => {
    const stream = await join();
    for (let sent = 0; sent < 12; sent++) {
      stream.write(frame(sent === 0 ? 1 : 0, 'a'.repeat(30_000), { isLast: false }));
    }
    expect(await closing(stream)).toBe(1009);
  });
});
