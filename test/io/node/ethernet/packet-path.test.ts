import { expect, test } from 'vitest';
import { Burst } from '../../../../src/io/node/ethernet/burst.ts';
import { InterfaceControl } from '../../../../src/io/node/ethernet/interface-request.ts';
import { errno, type Native } from '../../../../src/io/node/ethernet/native.ts';
import { PacketPath } from '../../../../src/io/node/ethernet/packet-socket.ts';

/** What a packet socket has to say next. */
interface Message {
  readonly frame: Buffer;
  readonly offload?: {
    readonly kind: number;
    readonly segmentBytes: number;
    readonly start: number;
    readonly field: number;
  };
  readonly vlan?: { readonly tpid: number; readonly tci: number };
}

const mebibyte = 2 ** 20;
const nothing = (): number => 0;

/** A kernel with one packet socket; addresses are made up, a buffer every 4 GiB (so that high words matter). */
class FakeKernel implements Native {
  readonly messages: (Message | number)[] = [];
  readonly #buffers: Buffer[] = [];
  readonly read = nothing;
  readonly write = nothing;
  readonly send = nothing;
  readonly socket = nothing;
  readonly bind = nothing;
  readonly setsockopt = nothing;
  /** SIOCGIFINDEX: the interface is gone. */
  readonly ioctl = (): number => -1;
  #errno = 0;

  addressOf(buffer: Buffer): number {
    const known = this.#buffers.indexOf(buffer);
    return ((known < 0 ? this.#buffers.push(buffer) : known + 1) * 4096 + 3) * mebibyte;
  }

  errno(): number {
    return this.#errno;
  }

  poll(): never {
    throw new Error('not here');
  }

  recvmsg(_: number, header: number): number {
    const next = this.messages.shift() ?? errno.EAGAIN;
    if (typeof next === 'number') {
      this.#errno = next;
      return -1;
    }
    const message = this.#at(header);
    const iov = this.#at(Number(message.readBigUInt64LE(16)));
    const head = Buffer.alloc(10);
    if (next.offload !== undefined) {
      head[0] = 1;
      head[1] = next.offload.kind;
      head.writeUInt16LE(next.offload.segmentBytes, 4);
      head.writeUInt16LE(next.offload.start, 6);
      head.writeUInt16LE(next.offload.field, 8);
    }
    let rest = Buffer.concat([head, next.frame]);
    for (let i = 0; i < Number(message.readBigUInt64LE(24)); i++) {
      const size = Number(iov.readBigUInt64LE(i * 16 + 8));
      if (rest.length > 0) rest.copy(this.#at(Number(iov.readBigUInt64LE(i * 16))), 0, 0, size);
      rest = rest.subarray(size);
    }
    const control = this.#at(Number(message.readBigUInt64LE(32)));
    control.writeUInt32LE(next.vlan === undefined ? 0 : 0x50, 16);
    control.writeUInt16LE(next.vlan?.tci ?? 0, 32);
    control.writeUInt16LE(next.vlan?.tpid ?? 0, 34);
    message.writeUInt32LE(36, 40);
    return 10 + next.frame.length;
  }

  #at(address: number): Buffer {
    const buffer = this.#buffers[Math.floor(address / (4096 * mebibyte)) - 1];
    return buffer!.subarray((address % (4096 * mebibyte)) - 3 * mebibyte);
  }
}

function received(...messages: (Message | number)[]): { frames: string[]; path: PacketPath; errors: number[] } {
  const kernel = new FakeKernel();
  kernel.messages.push(...messages);
  const burst = new Burst(kernel);
  const control = new InterfaceControl(kernel);
  const path = new PacketPath(kernel, control, { name: 'eth0', index: 7, fds: { receive: 3, send: 4 }, notices: [] });
  const frames: string[] = [];
  const sink = {
    frames: (records: Buffer, from: number, to: number, count: number): void => {
      const before = frames.length;
      for (let at = from; at < to;) {
        const end = at + 4 + records.readUInt32BE(at);
        frames.push(records.toString('hex', at + 4, end));
        at = end;
      }
      expect(frames.length - before).toBe(count);
    },
    closed: () => undefined,
  };
  const errors: number[] = [];
  for (const _ of messages) {
    const error = path.receive(burst, sink);
    if (error !== 0) errors.push(error);
  }
  burst.deliver(sink);
  return { frames, path, errors };
}

const plain = Buffer.concat([Buffer.from('02000000000102000000aa0288b5', 'hex'), Buffer.alloc(50, 7)]);

test('a frame comes as it is', () => {
  expect(received({ frame: plain }, { frame: plain.subarray(0, 14) }).frames).toEqual([
    plain.toString('hex'),
    plain.toString('hex', 0, 14),
  ]);
});

test('a tag that the kernel took out is put back', () => {
  const { frames } = received({ frame: plain, vlan: { tpid: 0x88a8, tci: 0xe064 } }, { frame: plain });
  const hex = plain.toString('hex');
  expect(frames).toEqual([`${hex.slice(0, 24)}88a8e064${hex.slice(24)}`, hex]);
});

/** TCP/IPv4 with `payload` bytes behind 54 bytes of headers. */
function tcpFrame(payload: number): Buffer {
  const head = Buffer.from('02000000000102000000aa020800' + '450000000001400040060000' + '0a0000010a000002', 'hex');
  const tcp = Buffer.from('0050c000000000010000000050180200' + '00000000', 'hex');
  return Buffer.concat([head, tcp, Buffer.alloc(payload, 9)]);
}

test('64 KiB in one piece become tagged frames, and what does not fit the burst is handed on before', () => {
  const large = tcpFrame(65_000);
  const offload = { kind: 1, segmentBytes: 1_448, start: 34, field: 16 };
  const message = { frame: large, offload, vlan: { tpid: 0x8100, tci: 5 } };
  const { frames, path } = received(message, message, message, message, message);
  expect(frames).toHaveLength(5 * Math.ceil(65_000 / 1_448));
  expect(frames.every((frame) => frame.startsWith('02000000000102000000aa02810000050800'))).toBe(true);
  const bytes = frames.reduce((sum, frame) => sum + frame.length / 2 - 58, 0);
  expect(bytes).toBe(5 * 65_000);
  expect(path.oversizedFrames).toBe(0);
});

test('what cannot be cut is counted, and the interface goes on', () => {
  const offload = { segmentBytes: 1_448, start: 34, field: 16 };
  const { frames, path, errors } = received(
    { frame: Buffer.alloc(1_519) },
    { frame: Buffer.alloc(70_000) },
    { frame: tcpFrame(5_000), offload: { ...offload, kind: 3 } },
    { frame: tcpFrame(5_000), offload: { ...offload, kind: 1, start: 33 } },
    { frame: tcpFrame(68_000), offload: { ...offload, kind: 1 } },
    errno.EINVAL,
    { frame: plain },
  );
  expect(frames).toEqual([plain.toString('hex')]);
  expect(path.oversizedFrames).toBe(6);
  expect(errors).toEqual([]);
  expect(path.notices().join()).toContain('6 frames from eth0 were longer than 1518 bytes');
});

test('an error that means the end is told from one that passes', () => {
  const { errors, path } = received(errno.ENETDOWN, errno.EAGAIN);
  expect(errors).toEqual([errno.ENETDOWN, errno.EAGAIN]);
  expect(path.goneBecause(errno.EAGAIN)).toBeUndefined();
  expect(path.goneBecause(errno.ENOBUFS)).toBeUndefined();
});
