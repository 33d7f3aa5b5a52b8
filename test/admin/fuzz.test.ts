import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operations } from '#admin';
import { DecodeError } from '#base';
import { SeededRandom } from '#io/sim';
import { adminPackLimits, Pack } from '#softether';
import { serveRpc } from '../../src/admin/http/json-rpc.ts';
import { mutate } from '../fuzz/mutate.ts';
import { callRpc, openFixture, type Fixture } from './fixture.ts';

/** Reproducible: the seed is the number of the input. */
const INPUTS = 2000;

let fixture: Fixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

const caller = { role: 'server', remoteAddress: '192.0.2.1', face: 'json-rpc' } as const;
/** They take seconds, or write files. */
const left = new Set(['RegenerateServerCert', 'HubfarmBackup']);

describe('damaged input', () => {
  const { calls } = JSON.parse(readFileSync('test/vectors/admin/json-rpc.json', 'utf8')) as {
    readonly calls: readonly { readonly method: string; readonly params: object }[];
  };
  const seeds = calls
    .filter(({ method }) => !left.has(method))
    .map(({ method, params }) => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 'x', method, params })));
  const words = ['{', '}', '[', ']', '"', 'null', 'true', '1e309', '-1', '\\u0000', '__proto__', '"params":[]'];

  test(`of JSON-RPC is always answered, ${INPUTS} times`, async () => {
    let succeeded = 0;
    for (let n = 0; n < INPUTS; n++) {
      const input = mutate(
        new SeededRandom(n),
        seeds,
        words.map((word) => Buffer.from(word)),
      );
      const answer = await serveRpc(fixture.context, input.toString('utf8'), caller);
      expect(['string', 'number']).toContain(typeof answer.id);
      if ('error' in answer) expect(answer.error.message).toMatch(/^Error code \d+: ./);
      else succeeded++;
      expect(() => JSON.stringify(answer)).not.toThrow();
    }
    // Damage that leaves the JSON whole must be among the inputs, or nothing behind the parser was tried.
    expect(succeeded).toBeGreaterThan(10);
  });

  test('of any kind in any field of any operation is answered, and never an internal error', async () => {
    const nonsense = [null, -1, 2 ** 53, 1e308, '', 'x'.repeat(300), '\0', [], {}, [[]], true, '9'.repeat(400)];
    for (const operation of operations.values()) {
      if (left.has(operation.name)) continue;
      for (const value of nonsense) {
        const suffixes = ['_u32', '_u64', '_bool', '_str', '_utf', '_dt', '_bin', '_ip', ''];
        const names = Object.keys(operation.input).flatMap((name) => suffixes.map((suffix) => name + suffix));
        const params = Object.fromEntries(names.map((name) => [name, value]));
        for (const given of [params, { ...params, HubName_str: 'DEFAULT' }]) {
          const body = JSON.stringify({ id: 'x', method: operation.name, params: given });
          const answer = await serveRpc(fixture.context, body, caller);
          expect([operation.name, 'error' in answer ? answer.error.code : 0]).not.toEqual([operation.name, 23]);
        }
      }
    }
  });

  test(`of the RPC is answered or no PACK, ${INPUTS} times`, async () => {
    const packs = [...operations.values()]
      .filter(({ name }) => !left.has(name))
      .map(({ name }) =>
        new Pack().setStr('function_name', name).setStr('HubName', 'DEFAULT').setInt('Port', 1).encode(),
      );
    let answered = 0;
    for (let n = 0; n < INPUTS; n++) {
      try {
        const request = Pack.decode(mutate(new SeededRandom(n), packs), adminPackLimits);
        const answer = await callRpc(fixture.context, request);
        expect(answer.int('error')).not.toBe(23);
        answered++;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }
    expect(answered).toBeGreaterThan(INPUTS / 20);
  });
});
