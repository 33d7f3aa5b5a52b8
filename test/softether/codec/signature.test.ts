import { describe, expect, test } from 'vitest';
import { defaultHttpLimits } from '../../../src/softether/codec/http-limits.ts';
import { HttpReader } from '../../../src/softether/codec/http-reader.ts';
import { encodeSignature, isSignature, signatureKind } from '../../../src/softether/codec/signature.ts';

const picture = (size: number): Buffer => {
  const bytes = Buffer.alloc(size, 7);
  bytes.write('GIF89a');
  return bytes;
};

describe('the signature of a SoftEther client', () => {
  test('is ten letters in our own client', () => {
    const reader = new HttpReader(defaultHttpLimits);
    reader.push(encodeSignature('192.0.2.1'));
    const message = reader.take(10);
    expect(message?.head).toMatchObject({ method: 'POST', target: '/vpnsvc/connect.cgi', contentLength: 10 });
    expect(message?.head.header('content-type')).toBe('image/jpeg');
    expect(message?.head.header('host')).toBe('192.0.2.1');
    expect(signatureKind(message!.body)).toBe('short');
  });

  test('may be a picture of the size of the watermark and up to 2000 bytes more', () => {
    expect([1410, 1411, 3411, 3412].map((size) => signatureKind(picture(size)))).toEqual([
      undefined,
      'picture',
      'picture',
      undefined,
    ]);
  });

  test('is nothing else', () => {
    expect(isSignature(Buffer.from('VPNCONNECT'))).toBe(true);
    expect(isSignature(Buffer.from('vpnconnect'))).toBe(false);
    expect(isSignature(Buffer.from('VPNCONNECT2'))).toBe(false);
    expect(isSignature(Buffer.alloc(2000))).toBe(false);
    expect(isSignature(Buffer.alloc(0))).toBe(false);
  });
});
