import { DecodeError } from '#base';
import { describe, expect, test } from 'vitest';
import { defaultHttpLimits } from '../../../src/softether/codec/http-limits.ts';
import { HttpReader } from '../../../src/softether/codec/http-reader.ts';
import { capturedMessages } from './vectors.ts';

function readerOf(text: string): HttpReader {
  const reader = new HttpReader(defaultHttpLimits);
  reader.push(Buffer.from(text, 'latin1'));
  return reader;
}

describe('a request', () => {
  const whole = 'POST /vpnsvc/vpn.cgi HTTP/1.1\r\nHost: 127.0.0.1\r\nCONTENT-length: 3\r\nX-Empty:\r\n\r\nabcrest';

  test('is known by its head before its body is there', () => {
    const reader = readerOf(whole.slice(0, whole.indexOf('abc')));
    const head = reader.head();
    expect(head).toMatchObject({
      kind: 'request',
      method: 'POST',
      target: '/vpnsvc/vpn.cgi',
      version: 'HTTP/1.1',
      contentLength: 3,
    });
    expect(head?.header('host')).toBe('127.0.0.1');
    expect(head?.header('x-empty')).toBe('');
    expect(head?.header('cookie')).toBeUndefined();
    expect(reader.take(100)).toBeUndefined();
  });

  test('is taken once, and what follows stays', () => {
    const reader = readerOf(whole);
    expect(reader.take(3)?.body.toString()).toBe('abc');
    expect(reader.take(3)).toBeUndefined();
    expect(reader.unread().toString()).toBe('rest');
  });

  test('can be handed over raw after its head was looked at', () => {
    const reader = readerOf(whole);
    reader.head();
    expect(reader.unread().toString('latin1')).toBe(whole);
  });

  test('without Content-Length has no body', () => {
    const reader = readerOf('GET / HTTP/1.1\r\nX-VPN: 1\r\n\r\n');
    expect(reader.take(0)).toMatchObject({ head: { method: 'GET', target: '/' }, body: Buffer.alloc(0) });
  });

  test('may come after empty lines, and with bare line feeds (RFC 9112 §2.2)', () => {
    expect(readerOf('\r\n\r\nGET / HTTP/1.1\nHost: x\n\n').take(0)?.head.header('Host')).toBe('x');
  });

  test('may come right behind another', () => {
    const reader = readerOf(whole.slice(0, -4) + whole);
    expect(reader.take(3)?.body.toString()).toBe('abc');
    expect(reader.take(3)?.body.toString()).toBe('abc');
    expect(reader.unread().toString()).toBe('rest');
  });

  test('does not change with what is pushed later', () => {
    const reader = new HttpReader(defaultHttpLimits);
    const chunk = Buffer.from(whole, 'latin1');
    reader.push(chunk);
    const message = reader.take(3);
    chunk.fill(0);
    reader.push(chunk);
    expect(message?.body.toString()).toBe('abc');
  });
});

describe('a response', () => {
  test('has a status, and perhaps a reason', () => {
    expect(readerOf('HTTP/1.1 200 OK\r\n\r\n').head()).toMatchObject({ kind: 'response', status: 200, reason: 'OK' });
    expect(readerOf('HTTP/1.1 404 Not Found\r\n\r\n').head()).toMatchObject({ status: 404, reason: 'Not Found' });
    expect(readerOf('HTTP/1.0 200\r\n\r\n').head()).toMatchObject({ version: 'HTTP/1.0', status: 200, reason: '' });
  });

  test('of a real server has its length and type', () => {
    const heads = capturedMessages().flatMap(({ http }) => (http === undefined ? [] : [http]));
    for (const lines of heads) {
      const head = readerOf(`${lines.join('\r\n')}\r\n\r\n`).head();
      expect(head?.contentLength).toBeGreaterThan(0);
      expect(head?.version).toBe('HTTP/1.1');
    }
    expect(heads.length).toBeGreaterThan(70);
  });
});

describe('a bad head', () => {
  test.each([
    ['a request line of two parts', 'GET /\r\n\r\n'],
    ['a request line of four parts', 'GET / x HTTP/1.1\r\n\r\n'],
    ['another protocol', 'GET / SPDY/3\r\n\r\n'],
    ['a status that is no number', 'HTTP/1.1 OK\r\n\r\n'],
    ['a header without colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
    ['a header without name', 'GET / HTTP/1.1\r\n: x\r\n\r\n'],
    ['a blank before the colon (RFC 9112 §5.1)', 'GET / HTTP/1.1\r\nContent-Length : 3\r\n\r\n'],
    ['a folded header (RFC 9112 §5.2)', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nA: b\0c\r\n\r\n'],
    ['a carriage return within a line', 'GET / HTTP/1.1\r\nA: b\rc\r\n\r\n'],
    ['a length that is no number', 'GET / HTTP/1.1\r\nContent-Length: 3a\r\n\r\n'],
    ['a negative length', 'GET / HTTP/1.1\r\nContent-Length: -3\r\n\r\n'],
    ['a length in hex', 'GET / HTTP/1.1\r\nContent-Length: 0x3\r\n\r\n'],
    ['two lengths that differ (RFC 9112 §6.3)', 'GET / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n'],
  ])('is refused: %s', (_what, text) => {
    expect(() => readerOf(text).head()).toThrow(DecodeError);
  });

  test.each([
    ['another protocol that is text', 'SSH-2.0-x\r\n'],
    ['zeros', '\0\0\0\0'],
    ['TLS within TLS', '\x16\x03\x01'],
  ])('is refused before its end has come: %s', (_what, text) => {
    expect(() => readerOf(text).head()).toThrow(DecodeError);
  });

  test.each(['', '\r', '\r\n', 'G', 'GET / HTTP/1.1', 'GET / HTTP/1.1\r', 'GET / HTTP/1.1\r\n', 'HTTP/1.1 200\r\nA'])(
    'is not what may still become a head: %j',
    (text) => {
      expect(readerOf(text).head()).toBeUndefined();
    },
  );

  test('stays refused, whatever follows', () => {
    const reader = readerOf('nonsense\r\n\r\nGET / HTTP/1.1\r\n\r\n');
    expect(() => reader.head()).toThrow(DecodeError);
    expect(() => reader.head()).toThrow(DecodeError);
    expect(() => reader.take(100)).toThrow(DecodeError);
  });

  test('shows no control characters in its error', () => {
    expect(() => readerOf('x\x1b[2J\x07\r\n\r\n').head()).toThrow('"x?[2J?"');
  });
});

describe('limits of HTTP', () => {
  const limits = { maxLineBytes: 20, maxHeadLines: 3, maxHeadBytes: 70, maxBufferedBytes: 100 };
  const read = (text: string): unknown => {
    const reader = new HttpReader(limits);
    reader.push(Buffer.from(text));
    return reader.head();
  };

  test('hold for one line, before its end has come', () => {
    expect(read(`GET /${'a'.repeat(6)} HTTP/1.1\r\n\r\n`)).toBeDefined();
    expect(() => read('G'.repeat(22))).toThrow('more than 20 bytes');
  });

  test('hold for the number of lines', () => {
    expect(read('GET / HTTP/1.1\r\na: 1\r\nb: 2\r\n\r\n')).toBeDefined();
    expect(() => read('GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n')).toThrow('more than 3 lines');
  });

  test('hold for the whole head, empty lines before it too', () => {
    expect(() => read(`GET / HTTP/1.1\r\n${'a: 45678901234567\r\n'.repeat(3)}`)).toThrow('more than 70 bytes');
    expect(() => read('\r\n'.repeat(40))).toThrow('more than 70 bytes');
  });

  test('hold for what is waiting', () => {
    expect(() => read('x'.repeat(101))).toThrow('at most 100');
  });

  test('hold for the body as soon as its length is known', () => {
    const reader = readerOf('POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n');
    expect(() => reader.take(65_536)).toThrow('at most 65536');
  });

  test('leave a body without a length to others', () => {
    const reader = readerOf('POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    expect(reader.head()).toBeDefined();
    expect(() => reader.take(100)).toThrow('without Content-Length');
  });
});
