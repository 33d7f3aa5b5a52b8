import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultHttpLimits } from '../../../src/softether/codec/http-limits.ts';
import { encodePackRequest, encodePackResponse } from '../../../src/softether/codec/http-pack.ts';
import { HttpReader } from '../../../src/softether/codec/http-reader.ts';
import { encodeSignature } from '../../../src/softether/codec/signature.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { preAuthPackLimits } from '../../../src/softether/codec/pack-limits.ts';
import { encodeRpcMessage, RpcReader } from '../../../src/softether/codec/rpc-framing.ts';

/** `bytes` in pieces: `cuts` are sizes, the last piece is what is left. */
function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let offset = 0;
  for (const size of cuts) {
    pieces.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return [...pieces, bytes.subarray(offset)];
}

const cuts = fc.array(fc.nat(60), { maxLength: 40 });
const packs = fc.array(
  fc
    .tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.nat(), fc.uint8Array({ maxLength: 300 }))
    .map(([name, number, bytes]) => new Pack().setInt(name, number).setData('Bytes', Buffer.from(bytes))),
  { minLength: 1, maxLength: 5 },
);

describe('however the bytes are split', () => {
  test('HTTP gives the same messages and leaves the same rest', () => {
    const rest = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(packs, rest, cuts, (sent, tail, sizes) => {
        const parts = sent.map((pack, index) =>
          index % 2 === 0 ? encodePackRequest(pack, 'h') : encodePackResponse(pack),
        );
        const reader = new HttpReader(defaultHttpLimits);
        const bodies: Buffer[] = [];
        for (const piece of split(Buffer.concat([encodeSignature('h'), ...parts, tail]), sizes)) {
          reader.push(piece);
          while (bodies.length <= sent.length) {
            const message = reader.take(65_536);
            if (message === undefined) break;
            bodies.push(message.body);
          }
        }
        expect(bodies).toEqual([Buffer.from('VPNCONNECT'), ...sent.map((pack) => pack.encode())]);
        expect(reader.unread()).toEqual(tail);
      }),
    );
  });

  test('RPC gives the same messages', () => {
    fc.assert(
      fc.property(packs, cuts, (sent, sizes) => {
        const reader = new RpcReader(preAuthPackLimits);
        const received: Pack[] = [];
        for (const piece of split(Buffer.concat(sent.map(encodeRpcMessage)), sizes)) {
          reader.push(piece);
          for (let pack = reader.take(); pack !== undefined; pack = reader.take()) received.push(pack);
        }
        expect(received.map((pack) => pack.elements)).toEqual(sent.map((pack) => pack.elements));
      }),
    );
  });
});
