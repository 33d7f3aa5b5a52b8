import type { Traffic } from './session-info.ts';

/** Index of the byte counter for a kind of frame; its frame counter follows. */
export type FrameKind = 0 | 2;
export const unicast = 0;
/** The group bit of the destination is set: broadcast and multicast. */
export const broadcast = 2;

/** Frames in one direction: a typed array, because object fields would change representation beyond 2^31. */
export class FrameCounter {
  readonly counts = new Float64Array(4);

  add(kind: FrameKind, bytes: number, frames: number): void {
    const counts = this.counts;
    counts[kind]! += bytes;
    counts[kind + 1]! += frames;
  }

  addAll(other: FrameCounter): void {
    for (let i = 0; i < 4; i++) this.counts[i]! += other.counts[i]!;
  }
}

/** `recv` and `send` are named from the side of whoever the record is about. */
export function trafficOf(recv: FrameCounter, send: FrameCounter): Traffic {
  return {
    recvBroadcastBytes: recv.counts[broadcast]!,
    recvBroadcastCount: recv.counts[broadcast + 1]!,
    recvUnicastBytes: recv.counts[unicast]!,
    recvUnicastCount: recv.counts[unicast + 1]!,
    sendBroadcastBytes: send.counts[broadcast]!,
    sendBroadcastCount: send.counts[broadcast + 1]!,
    sendUnicastBytes: send.counts[unicast]!,
    sendUnicastCount: send.counts[unicast + 1]!,
  };
}

export const noTraffic: Readonly<Traffic> = Object.freeze(trafficOf(new FrameCounter(), new FrameCounter()));

const names = Object.keys(noTraffic) as (keyof Traffic)[];

export function sumTraffic(a: Readonly<Traffic>, b: Readonly<Traffic>): Traffic {
  return combine(a, b, 1);
}

/** a − b. */
export function differenceOfTraffic(a: Readonly<Traffic>, b: Readonly<Traffic>): Traffic {
  return combine(a, b, -1);
}

export function isNoTraffic(traffic: Readonly<Traffic>): boolean {
  return names.every((name) => traffic[name] === 0);
}

function combine(a: Readonly<Traffic>, b: Readonly<Traffic>, sign: 1 | -1): Traffic {
  const sum = { ...noTraffic };
  for (const name of names) sum[name] = a[name] + sign * b[name];
  return sum;
}
