/** What the HTTP part of a connection may cost. */
export interface HttpLimits {
  /** Of one line of the head, its end not counted. */
  readonly maxLineBytes: number;
  /** Lines of the head, the first one included. */
  readonly maxHeadLines: number;
  readonly maxHeadBytes: number;
  /** Received and not yet consumed, over all messages. */
  readonly maxBufferedBytes: number;
}

/** A head as the original limits it, one log-in, and one read of what may follow it at once. */
export const defaultHttpLimits: HttpLimits = {
  maxLineBytes: 4096,
  maxHeadLines: 128,
  maxHeadBytes: 32_768,
  maxBufferedBytes: 262_144,
};
