/** Caps of one bus, and its times. Bytes are of frames as they travel, unless said otherwise. */
export interface BusLimits {
  /** A longer body is `Overloaded`, a longer answer a refusal with the code TOO_LARGE. */
  readonly maxFrameBytes: number;
  /** Waiting in one link's queue. Above it calls are `Overloaded`, sends dropped, calls of the other side not run. */
  readonly maxQueuedBytes: number;
  /** The link is closed when even answers and signs of life wait above it: the other side does not read. */
  readonly maxStuckBytes: number;
  /** Calls to one member that wait for an answer, and the length of their bodies in characters. Above: `Overloaded`. */
  readonly maxPendingCalls: number;
  readonly maxPendingLength: number;
  /** Calls of one member that run or whose answer it has not confirmed, and the length of those answers in characters. */
  readonly maxHeldCalls: number;
  readonly maxHeldLength: number;
  /** Boots of other members that are remembered. The one that was not heard of for longest is forgotten. */
  readonly maxConversations: number;
  /** Connections that have not said who they are. Above: closed. */
  readonly maxStrangers: number;
}

export const defaultBusLimits: BusLimits = {
  maxFrameBytes: 4 << 20,
  maxQueuedBytes: 16 << 20,
  maxStuckBytes: 24 << 20,
  maxPendingCalls: 16_384,
  maxPendingLength: 32 << 20,
  maxHeldCalls: 16_384,
  maxHeldLength: 32 << 20,
  maxConversations: 4_096,
  maxStrangers: 256,
};

export interface BusTiming {
  readonly callTimeoutMs: number;
  readonly pingIntervalMs: number;
  /** Nothing heard for so long: the link is silent. */
  readonly silentAfterMs: number;
  /** Nothing heard for so long: the link is given up and made anew. */
  readonly abandonAfterMs: number;
  /** From the connection to the end of the hello. */
  readonly handshakeTimeoutMs: number;
  readonly dialTimeoutMs: number;
  /** How long the member that is not to dial waits for the other one, which may not know of it yet. */
  readonly dialGraceMs: number;
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** How long `stop` waits for what is written. */
  readonly stopGraceMs: number;
}

export const defaultBusTiming: BusTiming = {
  callTimeoutMs: 3_000,
  pingIntervalMs: 500,
  silentAfterMs: 3_000,
  abandonAfterMs: 10_000,
  handshakeTimeoutMs: 5_000,
  dialTimeoutMs: 3_000,
  dialGraceMs: 500,
  firstRetryMs: 100,
  maxRetryMs: 2_000,
  stopGraceMs: 500,
};
