import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { DecodeError } from '#base';
import { CLIENT_HELLO_MAX_BYTES, decodeClientHello } from '../../../src/io/node/client-hello.ts';
import { classifyFirstBytes } from '../../../src/io/node/first-bytes.ts';
import { clientHelloBytes } from './client-hello-sample.ts';

let plain: Buffer;
let modern: Buffer;

beforeAll(async () => {
  plain = await clientHelloBytes({ maxVersion: 'TLSv1.2', ALPNProtocols: undefined });
  modern = await clientHelloBytes({ servername: 'vpn.example.com', ALPNProtocols: ['h2', 'http/1.1'] });
});

describe('a ClientHello', () => {
  test('tells server name, protocols and versions', () => {
    expect(decodeClientHello(modern)).toEqual({
      kind: 'complete',
      clientHello: { serverName: 'vpn.example.com', alpn: ['h2', 'http/1.1'], versions: [0x0304, 0x0303] },
    });
    expect(decodeClientHello(plain)).toEqual({
      kind: 'complete',
      clientHello: { serverName: undefined, alpn: [], versions: [0x0303] },
    });
  });

  test('cut at any place asks for more, never for more than there is, and never for what it has', () => {
    for (const hello of [plain, modern]) {
      for (let length = 0; length < hello.length; length++) {
        const result = decodeClientHello(hello.subarray(0, length));
        expect(result.kind).toBe('incomplete');
        if (result.kind !== 'incomplete') continue;
        expect(result.wantedBytes).toBeGreaterThan(length);
        expect(result.wantedBytes).toBeLessThanOrEqual(hello.length);
      }
    }
  });

  test('cut into several records says the same', () => {
    const record = (body: Buffer): Buffer => Buffer.concat([modern.subarray(0, 3), u16(body.length), body]);
    const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
    const message = modern.subarray(5);
    for (const cut of [1, 3, 4, 5, 100, message.length - 1]) {
      const split = Buffer.concat([record(message.subarray(0, cut)), record(message.subarray(cut))]);
      expect(decodeClientHello(split)).toEqual(decodeClientHello(modern));
    }
    const crumbs = Buffer.concat(Array.from(message, (byte) => record(Buffer.from([byte]))));
    expect(() => decodeClientHello(crumbs)).toThrow(DecodeError);
  });

  test('that announces more than the limit is refused before it has come', () => {
    const large = Buffer.from(modern);
    large.writeUIntBE(CLIENT_HELLO_MAX_BYTES + 1, 6, 3);
    expect(() => decodeClientHello(large)).toThrow(DecodeError);
    const long = Buffer.from(modern.subarray(0, 5));
    long.writeUInt16BE(0xffff, 3);
    expect(() => decodeClientHello(long)).toThrow(DecodeError);
  });

  test('damaged anywhere, or any bytes at all, gives an answer or a DecodeError', () => {
    const change = fc.record({ at: fc.nat(1_999), to: fc.nat(255), length: fc.nat(2_000) });
    const decode = (bytes: Buffer): void => {
      try {
        const result = decodeClientHello(bytes);
        if (result.kind === 'incomplete') {
          expect(result.wantedBytes).toBeGreaterThan(bytes.length);
          expect(result.wantedBytes).toBeLessThanOrEqual(CLIENT_HELLO_MAX_BYTES + 5);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    };
    fc.assert(
      fc.property(
        fc.constantFrom('plain', 'modern'),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        (which, changes) => {
          const bytes = Buffer.from(which === 'plain' ? plain : modern);
          for (const { at, to } of changes) bytes[at % bytes.length] = to;
          decode(bytes);
          decode(bytes.subarray(0, changes[0]!.length));
        },
      ),
      { numRuns: 20_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decode(Buffer.from(bytes))),
      { numRuns: 5_000 },
    );
  });
});

describe('the first bytes of a connection', () => {
  const kindOf = (text: string): string => classifyFirstBytes(Buffer.from(text, 'latin1')).kind;

  test('say TLS, HTTP or neither', () => {
    expect(classifyFirstBytes(modern).kind).toBe('tls');
    expect(['GET / HTTP/1.1', 'POST /x', 'OPTIONS *'].map(kindOf)).toEqual(['http', 'http', 'http']);
    expect(['SSH-2.0', '\0\x0e\x38', 'GETX', '\x16\x02\x00\x00\x10'].map(kindOf)).toEqual(
      Array.from({ length: 4 }, () => 'unknown'),
    );
  });

  test('wait for the next byte only while it can still decide', () => {
    for (const start of ['', 'G', 'GET', 'P', 'PO', 'PU', 'CONNEC']) expect(kindOf(start)).toBe('incomplete');
    expect(kindOf('PX')).toBe('unknown');
  });

  test('any bytes give an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(['incomplete', 'tls', 'http', 'unknown']).toContain(classifyFirstBytes(Buffer.from(bytes)).kind);
      }),
    );
  });
});
