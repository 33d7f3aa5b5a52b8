import type { SocketPort } from '../session-socket.ts';

/** A session as whoever gives it frames sees it. */
export interface FrameSession {
  /** Each frame travels as a zlib stream of its own. */
  readonly isCompressed: boolean;
  /** The port has something pending. */
  flush(): void;
}

/**
 * Where the frames of a client session come from and go to. A port of a Virtual Hub is one, and so is an Ethernet device.
 * Frames come as records `[u32 size][frame]` in runs of equal addresses, and leave as blocks `[u32 N]` of such records.
 */
export interface FramePort extends SocketPort {
  readonly pending: boolean;
  /** The next block to send; given back with `release`. */
  take(): Buffer;
  /** The session is over. */
  close(): void;
}

export type OpenFramePort = (session: FrameSession) => FramePort;
