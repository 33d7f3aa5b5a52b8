/** What a bus has done since its start. */
export interface BusCounters {
  sentCalls: number;
  receivedCalls: number;
  sentSends: number;
  receivedSends: number;
  /** The link was down, or its queue full. */
  droppedSends: number;
  /** For a service that is not there. */
  unknownSends: number;
  /** Calls not sent for want of room. */
  overloaded: number;
  /** Connections that did not become links. */
  refusedLinks: number;
}

export const newBusCounters = (): BusCounters => ({
  sentCalls: 0,
  receivedCalls: 0,
  sentSends: 0,
  receivedSends: 0,
  droppedSends: 0,
  unknownSends: 0,
  overloaded: 0,
  refusedLinks: 0,
});
