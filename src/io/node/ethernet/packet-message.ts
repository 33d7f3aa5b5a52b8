import type { Native } from './native.ts';

/**
 * The memory that recvmsg(2) on a packet socket works with, laid out once (x64 and arm64: 64 bits, little-endian):
 * `struct msghdr` (56 bytes), three `struct iovec` (16 bytes each: address, size), `struct virtio_net_hdr` (10 bytes),
 * control data. The frame goes to where the caller says; what is longer goes on in `overflow`.
 */
const layout = { iov: 64, offload: 112, control: 128, bytes: 256 } as const;
const messageField = { iov: 16, iovCount: 24, control: 32, controlBytes: 40 } as const;
const offloadBytes = 10;
/** struct cmsghdr (16 bytes) and struct tpacket_auxdata (20), padded. */
const controlBytes = 40;
/** In struct tpacket_auxdata. */
const auxiliary = { status: 16, vlanTci: 32, vlanTpid: 34 } as const;
const status = { vlanValid: 0x10, vlanTpidValid: 0x40 } as const;
const defaultTpid = 0x8100;
/** Large frames are at most 64 KiB, and their headers. */
const overflowBytes = 65_536 + 256;

export const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;

export class PacketMessage {
  /** [0, slotBytes) is room for what went to the caller's place, then what did not fit there. */
  readonly overflow: Buffer;
  readonly #native: Native;
  readonly #memory = Buffer.allocUnsafeSlow(layout.bytes);
  readonly #address: number;

  constructor(native: Native, slotBytes: number) {
    this.#native = native;
    this.#memory.fill(0);
    this.#address = native.addressOf(this.#memory);
    this.overflow = Buffer.allocUnsafeSlow(slotBytes + overflowBytes);
    this.#writeNumber(messageField.iov, this.#address + layout.iov);
    this.#writeNumber(messageField.iovCount, 3);
    this.#writeNumber(messageField.control, this.#address + layout.control);
    this.#writeVector(0, this.#address + layout.offload, offloadBytes);
    this.#writeVector(1, 0, slotBytes);
    this.#writeVector(2, native.addressOf(this.overflow) + slotBytes, overflowBytes);
  }

  /** The length of the frame, also of one that was cut; below 0 = `errno()` says why. */
  receive(fd: number, frameAddress: number): number {
    this.#writeNumber(layout.iov + 16, frameAddress);
    this.#writeNumber(messageField.controlBytes, controlBytes);
    const received = this.#native.recvmsg(fd, this.#address, MSG_DONTWAIT | MSG_TRUNC);
    return received < offloadBytes ? Math.min(received, -1) : received - offloadBytes;
  }

  /** VIRTIO_NET_HDR_F_NEEDS_CSUM */
  get needsChecksum(): boolean {
    return (this.#memory[layout.offload]! & 1) !== 0;
  }

  /** VIRTIO_NET_HDR_GSO_*, without the bit for ECN; 0 = one frame. */
  get segmentKind(): number {
    return this.#memory[layout.offload + 1]! & 0x7f;
  }

  get segmentBytes(): number {
    return this.#memory.readUInt16LE(layout.offload + 4);
  }

  get checksumStart(): number {
    return this.#memory.readUInt16LE(layout.offload + 6);
  }

  /** From `checksumStart`. */
  get checksumOffset(): number {
    return this.#memory.readUInt16LE(layout.offload + 8);
  }

  /** TPID and TCI of the 802.1Q tag that the kernel took out of the frame, as 4 bytes in one number; 0 = none. */
  get vlanTag(): number {
    if (this.#memory.readUInt32LE(messageField.controlBytes) < 36) return 0;
    const flags = this.#memory.readUInt32LE(layout.control + auxiliary.status);
    if ((flags & status.vlanValid) === 0) return 0;
    const hasTpid = (flags & status.vlanTpidValid) !== 0;
    const tpid = hasTpid ? this.#memory.readUInt16LE(layout.control + auxiliary.vlanTpid) : defaultTpid;
    return tpid * 0x10000 + this.#memory.readUInt16LE(layout.control + auxiliary.vlanTci);
  }

  #writeVector(index: number, address: number, bytes: number): void {
    this.#writeNumber(layout.iov + index * 16, address);
    this.#writeNumber(layout.iov + index * 16 + 8, bytes);
  }

  /** 64 bits, for numbers up to 2^53. */
  #writeNumber(offset: number, value: number): void {
    this.#memory.writeUInt32LE(value % 0x1_0000_0000, offset);
    this.#memory.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4);
  }
}
