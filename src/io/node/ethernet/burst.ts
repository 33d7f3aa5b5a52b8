import type { EthernetSink } from '../../ethernet.ts';
import type { Native } from './native.ts';

/** The longest frame on Ethernet with one 802.1Q tag, without checksum. */
export const frameMaxBytes = 1518;
export const sizeBytes = 4;
/** Frames that are read in one turn: beyond it the other sessions of the loop have their turn. */
export const framesPerTurn = 64;

/** What a full turn takes, and room for the pieces of one large segment. */
const burstBytes = 256 * 1024;

/** Records being collected for a sink. One serves all devices of the process: it is empty between their turns. */
export class Burst {
  readonly buffer = Buffer.allocUnsafeSlow(burstBytes);
  readonly address: number;
  /** Where the next record begins. */
  end = 0;
  count = 0;

  constructor(native: Native) {
    this.address = native.addressOf(this.buffer);
  }

  /** Where the frame of the next record goes. */
  get frameOffset(): number {
    return this.end + sizeBytes;
  }

  get frameAddress(): number {
    return this.address + this.end + sizeBytes;
  }

  hasRoomFor(frameBytes: number): boolean {
    return this.end + sizeBytes + frameBytes <= burstBytes;
  }

  /** The frame at `frameOffset`, `frameBytes` long, is complete. */
  commit(frameBytes: number): void {
    this.buffer.writeUInt32BE(frameBytes, this.end);
    this.end += sizeBytes + frameBytes;
    this.count++;
  }

  deliver(sink: EthernetSink): void {
    const { end, count } = this;
    this.clear();
    if (count > 0) sink.frames(this.buffer, 0, end, count);
  }

  clear(): void {
    this.end = 0;
    this.count = 0;
  }
}
