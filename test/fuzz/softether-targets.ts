import assert from 'node:assert/strict';
import { certificateDer, DecodeError, inspectCertificate, isSignedBy, verifyRsaSha1 } from '#base';
import type { SeededRandom } from '#io/sim';
import {
  decodeAdditionalConnect,
  decodeAdditionalConnectAnswer,
} from '../../src/softether/codec/additional-connect.ts';
import { decodeAdminLogin } from '../../src/softether/codec/admin-login.ts';
import { decodeHello } from '../../src/softether/codec/hello.ts';
import { defaultHttpLimits } from '../../src/softether/codec/http-limits.ts';
import { decodePackBody, encodePackRequest, encodePackResponse } from '../../src/softether/codec/http-pack.ts';
import { HttpReader } from '../../src/softether/codec/http-reader.ts';
import { encodeSignature, isSignature } from '../../src/softether/codec/signature.ts';
import { decodeLoginAnswer } from '../../src/softether/codec/login-answer.ts';
import { decodeLogin, encodeLogin } from '../../src/softether/codec/login.ts';
import { methodOf } from '../../src/softether/codec/method.ts';
import { noopOf } from '../../src/softether/codec/noop.ts';
import { Pack } from '../../src/softether/codec/pack.ts';
import { adminPackLimits, preAuthPackLimits } from '../../src/softether/codec/pack-limits.ts';
import { decodePasswordChange } from '../../src/softether/codec/password-change.ts';
import { policyOf } from '../../src/softether/codec/policy-fields.ts';
import { encodeRpcMessage, RpcReader } from '../../src/softether/codec/rpc-framing.ts';
import { readChunks } from '../softether/codec/block-streams.ts';
import { capturedMessages, packOf, readVectors } from '../softether/codec/vectors.ts';
import type { FuzzTarget } from './harness.ts';

const captured = capturedMessages();
const capturedPacks = captured.flatMap(({ pack }) => (pack === undefined ? [] : [packOf(pack)]));
const adminPacks = Object.values(readVectors('admin-rpc').functions).flatMap(({ request, response }) => [
  packOf(request),
  packOf(response),
]);
const vectorPacks = readVectors('pack').cases.map(({ hex }) => Buffer.from(hex, 'hex'));

const text = (...words: string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));
const httpWords = text(
  '\r\n',
  '\n',
  '\r\n\r\n',
  ':',
  ' ',
  'HTTP/1.1',
  'POST /vpnsvc/vpn.cgi HTTP/1.1\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 99999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Content-Type: application/octet-stream\r\n',
);

export const softEtherTargets: readonly FuzzTarget[] = [
  {
    name: 'pack',
    seeds: [...vectorPacks, ...capturedPacks.map((pack) => pack.encode()), ...adminPacks.map((pack) => pack.encode())],
    words: text('policy:', 'Ip@ipv6_bool', 'error'),
    run: decodeAndEncode,
    maxOutputBytes: (bytes) => 4 * bytes + 64,
  },
  {
    name: 'messages',
    seeds: capturedPacks.map((pack) => pack.encode()),
    run: decodeDamagedMessages,
    maxOutputBytes: (bytes) => 4 * bytes + 64,
  },
  {
    name: 'http',
    seeds: [
      encodeSignature('192.0.2.1'),
      ...capturedPacks.flatMap((pack) => [encodePackResponse(pack), encodePackRequest(pack, '192.0.2.1')]),
    ],
    words: httpWords,
    run: (input, random) => sameInPieces(input, random, readHttp),
    maxOutputBytes: (bytes) => 4 * bytes + 64,
  },
  {
    name: 'rpc',
    seeds: adminPacks.slice(0, 60).map(encodeRpcMessage),
    run: (input, random) => sameInPieces(input, random, readRpc),
    maxOutputBytes: (bytes) => 4 * bytes + 64,
  },
  {
    name: 'blocks',
    seeds: captured.flatMap(({ http, hex }) =>
      http === undefined && hex !== undefined ? [Buffer.from(hex, 'hex')] : [],
    ),
    words: [Buffer.from('ffffffff00000000', 'hex'), Buffer.from('00000001', 'hex'), Buffer.from('00000641', 'hex')],
    run: (input, random) => sameInPieces(input, random, readBlocks),
    maxOutputBytes: (bytes) => 4 * bytes + 64,
  },
  {
    name: 'certificate',
    seeds: certificates(),
    run: inspect,
    maxOutputBytes: (bytes) => 8 * bytes + 4096,
  },
];

function decodeAndEncode(input: Buffer): number {
  const pack = Pack.decode(input, adminPackLimits);
  assert.deepEqual(Pack.decode(pack.encode(), adminPackLimits).elements, pack.elements);
  return sizeOfPack(pack);
}

/** What the elements hold; a number counts for 8 bytes, a character for 2. */
function sizeOfPack(pack: Pack): number {
  let size = 0;
  for (const { name, values } of pack.elements) {
    size += 2 * name.length;
    for (const value of values) {
      if (typeof value === 'string') size += 2 * value.length;
      else size += Buffer.isBuffer(value) ? value.length : 8;
    }
  }
  return size;
}

/** The document itself, and four others with some elements taken away or put into another form. */
function decodeDamagedMessages(input: Buffer, random: SeededRandom): number {
  const pack = Pack.decode(input, preAuthPackLimits);
  decodeEveryMessage(pack);
  for (let i = 0; i < 4; i++) decodeEveryMessage(damaged(pack, random));
  return sizeOfPack(pack);
}

function damaged(pack: Pack, random: SeededRandom): Pack {
  const result = pack.copy();
  for (const { name } of pack.elements) {
    switch (random.below(16)) {
      case 0:
        result.setInt(name);
        break;
      case 1:
        result.setInt(name, ...random.bytes(1 + random.below(3)));
        break;
      case 2:
        result.setData(name, random.bytes(random.below(200)));
        break;
      case 3:
        result.setStr(name, random.bytes(random.below(400)).toString('latin1'));
        break;
      case 4:
        result.setInt64(name, random.bytes(8).readBigUInt64BE());
        break;
    }
  }
  return result;
}

/** Every reader of a first PACK or of its answer, on the same document: none may throw, whatever it holds. */
function decodeEveryMessage(pack: Pack): void {
  const login = decodeLogin(pack);
  if (login !== undefined) assert.deepEqual(decodeLogin(encodeLogin(login)), login);
  decodeHello(pack);
  decodeLoginAnswer(pack);
  decodeAdditionalConnect(pack);
  decodeAdditionalConnectAnswer(pack);
  decodeAdminLogin(pack);
  decodePasswordChange(pack);
  policyOf(pack);
  methodOf(pack);
  noopOf(pack);
  for (const { name } of pack.elements) {
    pack.ip(name);
    new Date(pack.timeMs(name)).toISOString();
  }
}

interface Reading {
  readonly results: readonly unknown[];
  readonly size: number;
  readonly rest: string;
}

/** Whole or in pieces, the same must come out, the error included. */
function sameInPieces(input: Buffer, random: SeededRandom, read: (pieces: readonly Buffer[]) => Reading): number {
  const whole = outcomeOf(() => read([Buffer.from(input)]));
  const pieces = outcomeOf(() => read(cut(input, random)));
  assert.deepEqual(pieces, whole);
  if (whole instanceof DecodeError) throw whole;
  return whole.size;
}

function outcomeOf(read: () => Reading): Reading | DecodeError {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

function cut(input: Buffer, random: SeededRandom): Buffer[] {
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < input.length;) {
    const size = 1 + random.below(random.below(4) === 0 ? 3 : 400);
    pieces.push(Buffer.from(input.subarray(offset, offset + size)));
    offset += size;
  }
  return pieces;
}

function readHttp(pieces: readonly Buffer[]): Reading {
  const reader = new HttpReader(defaultHttpLimits);
  const results: unknown[] = [];
  let size = 0;
  for (const piece of pieces) {
    reader.push(piece);
    piece.fill(0xee);
    for (let message = reader.take(65_536); message !== undefined; message = reader.take(65_536)) {
      const { head, body } = message;
      size += body.length + 2 * head.headers.flat().join('').length;
      results.push({ ...head, header: undefined, body: body.toString('hex'), signature: isSignature(body) });
      results.push(outcomeOfPack(() => decodePackBody(message, preAuthPackLimits)));
    }
  }
  return { results, size, rest: reader.unread().toString('hex') };
}

function outcomeOfPack(decode: () => Pack): unknown {
  try {
    return decode().elements;
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}

function readRpc(pieces: readonly Buffer[]): Reading {
  const reader = new RpcReader(adminPackLimits);
  const results: unknown[] = [];
  let size = 0;
  for (const piece of pieces) {
    reader.push(piece);
    piece.fill(0xee);
    for (let pack = reader.take(); pack !== undefined; pack = reader.take()) {
      size += sizeOfPack(pack);
      results.push(pack.elements);
    }
  }
  return { results, size, rest: '' };
}

function readBlocks(pieces: readonly Buffer[]): Reading {
  const reading = readChunks(pieces.map((piece) => Buffer.from(piece)));
  if (reading.broken !== undefined) throw new DecodeError(reading.broken.message, reading.broken.offset);
  const size = reading.frames.reduce((sum, frame) => sum + frame.length / 2, 0) + 8 * reading.keepAlives.length;
  return { results: [reading], size, rest: '' };
}

function certificates(): Buffer[] {
  const redirect = capturedPacks.find((pack) => pack.has('Cert'));
  const authority = adminPacks.find((pack) => pack.has('Cert'));
  return [redirect, authority].flatMap((pack) => (pack === undefined ? [] : [pack.data('Cert')]));
}

/** X.509 never throws, whatever comes. */
function inspect(input: Buffer): number {
  const [seed = Buffer.alloc(0)] = certificates();
  const info = inspectCertificate(input);
  verifyRsaSha1(input, Buffer.alloc(20), Buffer.alloc(256));
  isSignedBy(input, input);
  isSignedBy(seed, input);
  const der = certificateDer(input);
  if (info === undefined) throw new DecodeError('no certificate', 0);
  new Date(info.notBeforeMs).getTime();
  return 2 * (info.subjectText.length + info.issuerText.length + info.serialHex.length) + (der?.length ?? 0);
}
