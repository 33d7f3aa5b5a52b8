import type { MediaAddress } from './relay.ts';

/** One party as the kernel is to see it: where it sends from, and to which port of ours. */
export interface KernelEnd {
  readonly remote: MediaAddress;
  readonly local: MediaAddress;
}

/** RTP or RTCP of a stream: what comes from one end leaves from the other one's port to the other one. */
export interface KernelChannel {
  readonly a: KernelEnd;
  readonly b: KernelEnd;
}

/** What the kernel has forwarded from one end, as it was asked last. */
export interface KernelCount {
  readonly packets: number;
  /** Of UDP payload. */
  readonly octets: number;
  /** When it was seen that there were more; milliseconds of the clock. */
  readonly lastHeardMs: number;
  /** Since when there have been no more; undefined: there were more when it was asked last. */
  readonly quietSinceMs: number | undefined;
}

export interface KernelPath {
  readonly channel: KernelChannel;
  /** False: it is being asked. Packets come to user space meanwhile. */
  readonly isInstalled: boolean;
  readonly a: KernelCount;
  readonly b: KernelCount;
  /** Counted for the last time; the kernel lets go of it, a moment later: packets come to user space again. */
  remove(): void;
}

export interface KernelRelay {
  /** Why the kernel forwards nothing, for people; undefined: it does. */
  readonly problem: string | undefined;
  /**
   * undefined: not this channel, or not now.
   * @param ended called once: the kernel did not take it, or has lost it. Not after `remove`.
   */
  install(channel: KernelChannel, ended: (path: KernelPath) => void): KernelPath | undefined;
  stop(): void;
}
