import { describe, expect, test } from 'vitest';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { adminPackLimits, preAuthPackLimits } from '../../../src/softether/codec/pack-limits.ts';
import { capturedMessages, packOf, readVectors } from './vectors.ts';

const messages = capturedMessages();
const { functions } = readVectors('admin-rpc');

describe('messages of real peers', () => {
  const bodies = messages.flatMap(({ body_hex, pack }) =>
    body_hex === undefined ? [] : [{ body_hex, pack: pack ?? [] }],
  );

  test('are here in number', () => {
    expect(bodies.length).toBeGreaterThan(40);
    expect(Object.keys(functions).length).toBe(112);
  });

  test('decode, and encode to the same bytes', () => {
    for (const { body_hex, pack } of bodies) {
      const decoded = Pack.decode(Buffer.from(body_hex, 'hex'), preAuthPackLimits);
      expect(decoded.encode().toString('hex')).toBe(body_hex);
      for (const element of packOf(pack).elements) expect(decoded.elements).toContainEqual(element);
    }
  });

  test('survive encoding and decoding where only their elements are known', () => {
    const known = messages.flatMap(({ pack }) => (pack === undefined ? [] : [packOf(pack)]));
    const ofAdmin = Object.values(functions).flatMap(({ request, response }) => [packOf(request), packOf(response)]);
    for (const pack of [...known, ...ofAdmin]) {
      expect(Pack.decode(pack.encode(), adminPackLimits).elements).toEqual(pack.elements);
    }
  });

  test('of administration tools name their function', () => {
    for (const [name, { request }] of Object.entries(functions))
      expect(packOf(request).str('function_name')).toBe(name);
  });
});
