import { Reception } from '../rtp/reception.ts';
import type { MediaAddress, SideCounters } from './relay.ts';

/** What one party of a stream has sent, over the life of its session: sockets come and go below it. */
export class SideTotals {
  readonly reception = new Reception();
  packets = 0;
  octets = 0;
  controlPackets = 0;
  droppedPackets = 0;

  countersWith(source: MediaAddress | undefined, kernel: KernelShare): SideCounters {
    return {
      packets: this.packets + kernel.packets,
      octets: this.octets + kernel.octets,
      controlPackets: this.controlPackets + kernel.controlPackets,
      droppedPackets: this.droppedPackets,
      lostPackets: this.reception.lostPackets,
      jitterMs: this.reception.jitterMs,
      source,
    };
  }

  /** What the kernel forwarded while it did. */
  add(kernel: KernelShare): void {
    this.packets += kernel.packets;
    this.octets += kernel.octets;
    this.controlPackets += kernel.controlPackets;
  }
}

export interface KernelShare {
  readonly packets: number;
  readonly octets: number;
  readonly controlPackets: number;
}
