/** What two members say to each other stays within these. */
export const frameLimits = {
  /** More goes over the bus: a UDP datagram has no room for it. */
  datagramMaxBytes: 60_000,
  /** Of a SIP message in a frame: 256 KiB, as on a connection. */
  payloadMaxBytes: 262_144,
  /** Members that pass it on: then it stays where it is. */
  maxHops: 4,
  /** Members in `rest`. */
  maxRest: 9,
  /** A token; a name or address in a frame. */
  tokenMaxChars: 16,
  textMaxChars: 255,
} as const;
