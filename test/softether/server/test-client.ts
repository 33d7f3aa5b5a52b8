import type { ByteStream, StreamSink } from '#io';
import type { StreamPair } from '#io/sim';
import { encodeAdditionalConnect } from '../../../src/softether/codec/additional-connect.ts';
import { BlockReader } from '../../../src/softether/codec/block-reader.ts';
import { inflateFrame } from '../../../src/softether/codec/frame-compression.ts';
import { decodeHello } from '../../../src/softether/codec/hello.ts';
import { defaultHttpLimits } from '../../../src/softether/codec/http-limits.ts';
import { encodePackRequest } from '../../../src/softether/codec/http-pack.ts';
import { HttpReader, type HttpMessage } from '../../../src/softether/codec/http-reader.ts';
import { decodeLoginAnswer, type LoginAnswer } from '../../../src/softether/codec/login-answer.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { adminPackLimits } from '../../../src/softether/codec/pack-limits.ts';
import { encodeSignature } from '../../../src/softether/codec/signature.ts';
import type { Welcome } from '../../../src/softether/codec/welcome.ts';
import { securePassword, userPasswordHash } from '#softether';
import { framesOf, sizeOf } from '../../hub/hub-fixture.ts';
import { HUB } from './rig.ts';

interface Runner {
  run(ms: number): Promise<void>;
}

export const KEEP_ALIVE = Buffer.from('ffffffff00000000', 'hex');

export interface LoginFields {
  readonly user?: string;
  readonly password?: string;
  readonly hub?: string;
  readonly maxConnection?: number;
  readonly half?: boolean;
  readonly encrypt?: boolean;
  readonly compress?: boolean;
  readonly bridge?: boolean;
  readonly monitor?: boolean;
  readonly uniqueId?: Buffer;
  readonly client?: string;
  readonly build?: number;
}

/** A scripted SoftEther client: does what a test tells it, and keeps what it is sent. */
export class TestClient implements StreamSink {
  readonly pair: StreamPair;
  stream: ByteStream;
  /** How the server's end came; undefined while the connection is up. */
  ending: { readonly clean: boolean; readonly error: Error | undefined } | undefined;
  random: Buffer = Buffer.alloc(20);
  /** Frames of the data stream, hex. */
  readonly frames: string[] = [];
  keepAlives = 0;
  readonly #runner: Runner;
  readonly #http = new HttpReader({ ...defaultHttpLimits, maxBufferedBytes: 1 << 24 });
  #blocks: BlockReader | undefined;

  constructor(runner: Runner, pair: StreamPair) {
    this.#runner = runner;
    this.pair = pair;
    this.stream = pair.client;
    this.stream.receive(this);
  }

  get isClosed(): boolean {
    return this.ending !== undefined;
  }

  data(chunk: Buffer): void {
    if (this.#blocks === undefined) this.#http.push(chunk);
    else this.#blocks.push(chunk);
  }

  closed(ending: { readonly clean: boolean; readonly error: Error | undefined }): void {
    this.ending = ending;
  }

  write(bytes: Uint8Array | string): void {
    this.stream.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  async answer(ms = 20): Promise<HttpMessage | undefined> {
    await this.#runner.run(ms);
    return this.#http.take(1 << 24);
  }

  async answerPack(ms?: number): Promise<Pack | undefined> {
    const message = await this.answer(ms);
    return message === undefined ? undefined : Pack.decode(message.body, adminPackLimits);
  }

  async hello(): Promise<this> {
    this.write(encodeSignature('server'));
    const answer = await this.answerPack();
    const hello = answer && decodeHello(answer);
    if (hello?.kind !== 'hello') throw new Error('no Hello came');
    this.random = hello.hello.random;
    return this;
  }

  sendPack(pack: Pack): void {
    this.write(encodePackRequest(pack, 'server'));
  }

  async ask(pack: Pack, ms?: number): Promise<Pack> {
    this.sendPack(pack);
    const answer = await this.answerPack(ms);
    if (answer === undefined) throw new Error('no answer came');
    return answer;
  }

  /** The `error` of an answer to a whole conversation that consists of this PACK. */
  async error(pack: Pack): Promise<number> {
    await this.hello();
    return (await this.ask(pack)).int('error');
  }

  loginPack(fields: LoginFields = {}): Pack {
    const { user = 'alice', password = 'pw' } = fields;
    const pack = loginPack(fields).setInt('authtype', 1);
    return pack.setData('secure_password', securePassword(userPasswordHash(password, user), this.random));
  }

  async login(fields: LoginFields = {}): Promise<LoginAnswer> {
    await this.hello();
    return decodeLoginAnswer(await this.ask(this.loginPack(fields)));
  }

  async loginError(fields: LoginFields): Promise<number> {
    const answer = await this.login(fields);
    return answer.kind === 'error' ? answer.code : 0;
  }

  /** Logs in and reads the data stream from then on. */
  async session(fields: LoginFields = {}): Promise<Welcome> {
    const answer = await this.login(fields);
    if (answer.kind !== 'welcome') throw new Error(`no Welcome: ${JSON.stringify(answer)}`);
    if (!answer.welcome.useEncrypt) await this.#goClear();
    this.readBlocks(answer.welcome.useCompress);
    return answer.welcome;
  }

  /** `direction` of the answer, or its error as a negative number. */
  async additional(sessionKey: Buffer, isCompressed = false): Promise<number> {
    const client = { name: 'Test Client', version: 501, build: 9674 };
    await this.hello();
    const answer = await this.ask(encodeAdditionalConnect({ sessionKey, client }));
    const error = answer.int('error');
    if (error !== 0) return -error;
    this.readBlocks(isCompressed);
    return answer.int('direction');
  }

  readBlocks(isCompressed = false): void {
    const sink = {
      run: (buf: Buffer, from: number, to: number, frames: number): void => {
        this.frames.push(...framesOf(Buffer.concat([countOf(frames), buf.subarray(from, to)])));
      },
      keepAlive: (): void => {
        this.keepAlives++;
      },
    };
    this.#blocks = new BlockReader(sink, isCompressed ? { inflate: inflateFrame } : {});
    const rest = this.#http.unread();
    if (rest.length > 0) this.#blocks.push(rest);
  }

  sendFrames(...frames: readonly Buffer[]): void {
    this.write(blockOf(...frames));
  }

  takeFrames(): string[] {
    return this.frames.splice(0);
  }

  async #goClear(): Promise<void> {
    const clear = this.stream.dropEncryption(Buffer.alloc(0));
    if (clear === undefined) throw new Error('the simulated stream cannot drop its encryption');
    let bare: ByteStream | undefined;
    void clear.then((stream) => (bare = stream));
    await this.#runner.run(5);
    if (bare === undefined) throw new Error('the simulated stream did not drop its encryption');
    this.stream = bare;
    this.stream.receive(this);
  }
}

/** Without a proof. */
export function loginPack(fields: LoginFields = {}): Pack {
  const pack = new Pack()
    .setStr('method', 'login')
    .setStr('hubname', fields.hub ?? HUB)
    .setStr('username', fields.user ?? 'alice')
    .setStr('client_str', fields.client ?? 'Test Client')
    .setInt('client_ver', 501)
    .setInt('client_build', fields.build ?? 9674)
    .setInt('max_connection', fields.maxConnection ?? 1)
    .setBool('use_encrypt', fields.encrypt ?? true)
    .setBool('use_compress', fields.compress ?? false)
    .setBool('half_connection', fields.half ?? false)
    .setBool('require_bridge_routing_mode', fields.bridge ?? false)
    .setBool('require_monitor_mode', fields.monitor ?? false);
  return fields.uniqueId === undefined ? pack : pack.setData('unique_id', fields.uniqueId);
}

export function blockOf(...frames: readonly Buffer[]): Buffer {
  return Buffer.concat([countOf(frames.length), ...frames.flatMap((frame) => [sizeOf(frame), frame])]);
}

function countOf(count: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(count);
  return bytes;
}
