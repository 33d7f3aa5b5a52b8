import { closeSync } from 'node:fs';
import { IoError } from '../../errors.ts';
import type { EthernetSink } from '../../ethernet.ts';
import { frameMaxBytes, type Burst } from './burst.ts';
import { finishChecksum } from './checksum.ts';
import type { FramePath } from './device.ts';
import type { InterfaceControl } from './interface-request.ts';
import { errno, type Native } from './native.ts';
import { MSG_DONTWAIT, PacketMessage } from './packet-message.ts';
import { segment, type SegmentTarget } from './segmentation.ts';

/** <linux/if_packet.h>, <sys/socket.h> */
const AF_PACKET = 17;
const rawSocket = 3 | 0o4000 | 0o2000000; // SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC
const everyProtocol = 0x0003; // ETH_P_ALL
const noProtocol = 0;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const packetOption = { addMembership: 1, auxiliaryData: 8, offloadHeader: 15, ignoreOutgoing: 23 } as const;
const promiscuous = 1;

/** What may wait in the kernel while the loop is busy: some 2,000 full frames. */
const receiveQueueBytes = 4 * 1024 * 1024;
const tagBytes = 4;

export interface PacketFds {
  readonly receive: number;
  readonly send: number;
}

/** Two raw sockets on one interface: one sees every frame from outside, promiscuously; the other only sends. */
export function openPacketFds(native: Native, name: string, index: number): PacketFds {
  const opened: number[] = [];
  const open = (protocol: number, options: readonly (readonly [number, Buffer])[]): number => {
    const fd = native.socket(AF_PACKET, rawSocket, 0);
    if (fd < 0) throw packetError(name, native.errno());
    opened.push(fd);
    for (const [option, value] of options) {
      if (native.setsockopt(fd, SOL_PACKET, option, value, value.length) < 0) throw packetError(name, native.errno());
    }
    if (native.bind(fd, linkAddress(protocol, index), 20) < 0) throw packetError(name, native.errno());
    return fd;
  };
  const on = int32(1);
  try {
    // Options come before the binding: nothing is received without them.
    const receive = open(everyProtocol, [
      [packetOption.auxiliaryData, on],
      [packetOption.offloadHeader, on],
      [packetOption.ignoreOutgoing, on],
      [packetOption.addMembership, membership(index)],
    ]);
    enlargeQueue(native, receive);
    return { receive, send: open(noProtocol, []) };
  } catch (error) {
    opened.forEach((fd) => closeSync(fd));
    throw error;
  }
}

/** struct sockaddr_ll */
function linkAddress(protocol: number, index: number): Buffer {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(protocol, 2);
  address.writeInt32LE(index, 4);
  return address;
}

/** struct packet_mreq */
function membership(index: number): Buffer {
  const request = Buffer.alloc(16);
  request.writeInt32LE(index, 0);
  request.writeUInt16LE(promiscuous, 4);
  return request;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value, 0);
  return bytes;
}

/** Without CAP_NET_ADMIN only up to net.core.rmem_max, which is no error. */
function enlargeQueue(native: Native, fd: number): void {
  const size = int32(receiveQueueBytes);
  if (native.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4) === 0) return;
  native.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, 4);
}

function packetError(name: string, error: number): IoError {
  const where = `cannot open the interface ${name} for bridging`;
  switch (error) {
    case errno.EPERM:
    case errno.EACCES:
      return new IoError('NO_PERMISSION', `${where}: this needs root, or CAP_NET_RAW and CAP_NET_ADMIN`);
    case errno.ENODEV:
    case errno.ENXIO:
      return new IoError('NO_SUCH_DEVICE', `${where}: it has just disappeared`);
    default:
      return new IoError('OTHER', `${where}: error ${error}`);
  }
}

/** VIRTIO_NET_HDR_GSO_* of <linux/virtio_net.h>. */
const segmentKinds: Readonly<Record<number, 'tcp' | 'udp'>> = { 1: 'tcp', 4: 'tcp', 5: 'udp' };

/**
 * Frames of an interface through AF_PACKET. What the kernel or the network card has put together (GRO, LRO, TSO of a
 * neighbour on the same host) is taken apart again, left-out checksums are filled in, and 802.1Q tags put back: the hub
 * sees what was, or would have been, on the wire, and no setting of the interface has to change.
 */
export class PacketPath implements FramePath {
  oversizedFrames = 0;
  readonly #native: Native;
  readonly #control: InterfaceControl;
  readonly #name: string;
  readonly #index: number;
  readonly #fds: PacketFds;
  readonly #notices: readonly string[];
  readonly #message: PacketMessage;

  constructor(
    native: Native,
    control: InterfaceControl,
    device: {
      readonly name: string;
      readonly index: number;
      readonly fds: PacketFds;
      readonly notices: readonly string[];
    },
  ) {
    this.#native = native;
    this.#control = control;
    this.#name = device.name;
    this.#index = device.index;
    this.#fds = device.fds;
    this.#notices = device.notices;
    this.#message = new PacketMessage(native, frameMaxBytes);
  }

  receive(burst: Burst, sink: EthernetSink): number {
    if (!burst.hasRoomFor(frameMaxBytes + tagBytes)) burst.deliver(sink);
    const message = this.#message;
    const size = message.receive(this.#fds.receive, burst.frameAddress);
    if (size < 0) return this.#failed(this.#native.errno());
    if (message.segmentKind !== 0) this.#takeApart(burst, sink, size);
    else if (size <= frameMaxBytes) this.#take(burst, size);
    else this.oversizedFrames++;
    return 0;
  }

  send(address: number, size: number): number {
    return this.#native.send(this.#fds.send, address, size, MSG_DONTWAIT) === size ? 0 : this.#native.errno();
  }

  goneBecause(error: number): string | undefined {
    if (error !== errno.ENETDOWN && error !== errno.ENXIO && error !== errno.ENODEV) return undefined;
    // Down is not gone: the kernel goes on by itself when the interface is up again.
    if (this.#control.indexIfAny(this.#name) === this.#index) return undefined;
    return `the interface ${this.#name} was removed`;
  }

  notices(): readonly string[] {
    if (this.oversizedFrames === 0) return this.#notices;
    const name = this.#name;
    const advice = `${this.oversizedFrames} frames from ${name} were longer than ${frameMaxBytes} bytes and dropped: run \`ip link set ${name} mtu 1500\`, and if that does not help \`ethtool -K ${name} gro off lro off tso off gso off\` (on a neighbour of the same computer: there)`;
    return [...this.#notices, advice];
  }

  /** EINVAL: the kernel could not describe a large frame and has dropped it. */
  #failed(error: number): number {
    if (error !== errno.EINVAL) return error;
    this.oversizedFrames++;
    return 0;
  }

  #take(burst: Burst, size: number): void {
    const message = this.#message;
    const at = burst.frameOffset;
    if (message.needsChecksum) {
      const start = message.checksumStart;
      const field = start + message.checksumOffset;
      if (field + 2 <= size) finishChecksum(burst.buffer, at + start, at + field, at + size);
    }
    commitTagged(burst, size, message.vlanTag);
  }

  #takeApart(burst: Burst, sink: EthernetSink, size: number): void {
    const message = this.#message;
    const protocol = segmentKinds[message.segmentKind];
    const { overflow, vlanTag } = message;
    burst.buffer.copy(overflow, 0, burst.frameOffset, burst.frameOffset + Math.min(size, frameMaxBytes));
    const target: SegmentTarget = {
      buffer: burst.buffer,
      room: (frameBytes) => {
        if (!burst.hasRoomFor(frameBytes + tagBytes)) burst.deliver(sink);
        return burst.frameOffset;
      },
      commit: (frameBytes) => commitTagged(burst, frameBytes, vlanTag),
    };
    const isComplete = message.needsChecksum && size <= overflow.length && protocol !== undefined;
    const { segmentBytes, checksumStart: transportOffset } = message;
    if (isComplete && segment({ buffer: overflow, size, protocol, segmentBytes, transportOffset }, target)) return;
    this.oversizedFrames++;
  }
}

/** Puts the tag back between the source address and the type: the kernel keeps it apart from the frame. */
function commitTagged(burst: Burst, size: number, vlanTag: number): void {
  if (vlanTag === 0) {
    burst.commit(size);
    return;
  }
  const at = burst.frameOffset + 12;
  burst.buffer.copyWithin(at + tagBytes, at, burst.frameOffset + size);
  burst.buffer.writeUInt32BE(vlanTag, at);
  burst.commit(size + tagBytes);
}
