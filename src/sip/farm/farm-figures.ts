/** Since the start. A frame is a message, or what is to be sent, on its way from one member to another. */
export interface FarmFigures {
  /** Messages that came in by the sockets of this member. */
  received: number;
  /** … of them those that this member worked on itself. */
  here: number;
  /** … and those that it sent to another member. */
  relayedOut: number;
  /** Messages of other members' sockets that came here. */
  relayedIn: number;
  /** … of them those that went on to a further member, which has their transaction, or takes it over. */
  secondHops: number;
  /** Messages worked on in the stead of a member that is gone. */
  takenOver: number;
  /** Answers and requests that left by sockets of another member, for want of an equal one here. */
  sentByOthers: number;
  /** … and those of other members that left by sockets of this one. */
  sentForOthers: number;
  /** Frames that went over the bus: of connections, or too long for a datagram. */
  busFrames: number;
  /** Frames without the farm's MAC, or that make no sense. */
  badFrames: number;
  /** Frames that had come before, or of a boot that this member does not know. */
  staleFrames: number;
  /** Thrown away, since they waited here for longer than the others waited for this member. */
  overdue: number;
  /** What could not be sent to the member that it was for, as far as that is known. */
  failures: number;
}

export const noFarmFigures = (): FarmFigures => ({
  received: 0,
  here: 0,
  relayedOut: 0,
  relayedIn: 0,
  secondHops: 0,
  takenOver: 0,
  sentByOthers: 0,
  sentForOthers: 0,
  busFrames: 0,
  badFrames: 0,
  staleFrames: 0,
  overdue: 0,
  failures: 0,
});
