/** Everything that bounds the HTTP face. Times in milliseconds, sizes in bytes. */
export interface HttpFaceLimits {
  /** Connections at a time; one more is closed at once. */
  readonly maxConnections: number;
  /** Requests of one connection that are being served at a time; one more closes the connection. */
  readonly maxPipelined: number;
  /** From nothing (a new connection, or the last answer) to the whole head of a request. */
  readonly idleTimeoutMs: number;
  /** From the head to the end of the body. */
  readonly bodyTimeoutMs: number;
  /** From the answer to its last byte taken. */
  readonly answerTimeoutMs: number;
  readonly maxHeadBytes: number;
  /** Body of a server administrator's request: an imported configuration is the largest. */
  readonly maxServerBodyBytes: number;
  /** Body of a hub administrator's request. */
  readonly maxHubBodyBytes: number;
}

export const defaultHttpFaceLimits: HttpFaceLimits = Object.freeze({
  maxConnections: 512,
  maxPipelined: 16,
  idleTimeoutMs: 30_000,
  bodyTimeoutMs: 60_000,
  answerTimeoutMs: 120_000,
  maxHeadBytes: 16 * 1024,
  maxServerBodyBytes: 32 * 1024 * 1024,
  maxHubBodyBytes: 8 * 1024 * 1024,
});
