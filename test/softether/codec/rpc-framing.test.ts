import { DecodeError } from '#base';
import { describe, expect, test } from 'vitest';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { preAuthPackLimits } from '../../../src/softether/codec/pack-limits.ts';
import { encodeRpcMessage, RpcReader } from '../../../src/softether/codec/rpc-framing.ts';

const message = encodeRpcMessage(new Pack().setStr('function_name', 'EnumHub').setData('Data', Buffer.from('abc')));

describe('an RPC message', () => {
  test('is a length and a PACK, without padding', () => {
    const plain = encodeRpcMessage(new Pack().setStr('function_name', 'EnumHub'));
    expect(plain.toString('hex')).toBe(
      '00000028000000010000000e66756e6374696f6e5f6e616d65000000020000000100000007456e756d487562',
    );
  });

  test('may come right behind another', () => {
    const reader = new RpcReader(preAuthPackLimits);
    reader.push(Buffer.concat([message, message, message.subarray(0, 5)]));
    expect([reader.take(), reader.take(), reader.take()].map((pack) => pack?.str('function_name'))).toEqual([
      'EnumHub',
      'EnumHub',
      undefined,
    ]);
  });

  test('keeps its values when later ones come', () => {
    const reader = new RpcReader(preAuthPackLimits);
    reader.push(message);
    const pack = reader.take();
    reader.push(Buffer.alloc(message.length, 0xff));
    expect(pack?.data('Data').toString()).toBe('abc');
  });

  test('of more bytes than allowed is refused as soon as its length is known', () => {
    const reader = new RpcReader(preAuthPackLimits);
    reader.push(Buffer.from('00010001', 'hex'));
    expect(() => reader.take()).toThrow('at most 65536');
  });

  test('that is no PACK is refused', () => {
    const reader = new RpcReader(preAuthPackLimits);
    reader.push(Buffer.from('0000000400000001', 'hex'));
    expect(() => reader.take()).toThrow(DecodeError);
  });

  test('is never waited for without end', () => {
    const reader = new RpcReader(preAuthPackLimits);
    const chunk = Buffer.alloc(100_000);
    expect(() => {
      for (let i = 0; i < 5; i++) reader.push(chunk);
    }).toThrow('waiting');
  });
});
