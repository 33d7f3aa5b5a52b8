/** Everything that bounds the part that log-ins and sessions play in a cluster. Times in milliseconds. */
export interface ClusterSessionLimits {
  // -- tickets
  /** How long a client may take from the Redirect to its log-in at the member. */
  readonly ticketLifeMs: number;
  /** Expected at one time by one member. At the cap it takes no further ones, and the controller passes it over. */
  readonly maxTickets: number;
  /** A member that has not answered by then is passed over. */
  readonly ticketCallTimeoutMs: number;
  /** For so long after it did not answer, a member is not tried again. */
  readonly deafMs: number;
  /** Members that are tried for one log-in, before it is answered 49. */
  readonly maxMembersTried: number;

  // -- placement
  /**
   * How long a log-in is held back where nothing can be decided just now: no controller, a dynamic hub that moves. A
   * controller that is cut off is followed within five seconds; a stock client waits for fifteen.
   */
  readonly placeTimeoutMs: number;
  /** How long another eligible member waits for the controller's answer before it asks again. */
  readonly placeCallTimeoutMs: number;
  /** Between two attempts meanwhile, unless something changes before. */
  readonly retryPlaceMs: number;
  /** How long a session of before a restart waits for the controller: stock clients ask again a second later. */
  readonly readmitTimeoutMs: number;
  /** Log-ins that are held back at one time; at the cap further ones are answered at once. */
  readonly maxWaitingLogins: number;
  /** Members whom the bus has not heard for so long: a new controller goes on without the lists that they owe it… */
  readonly ledgerPatienceMs: number;
  /** …and so long after its beginning without those of members that it hears: they have lost messages several times. */
  readonly ledgerPatienceMaxMs: number;

  // -- dynamic hubs
  /** From the last session's end to the end of the instance, whose memory is then free. */
  readonly hubLingerMs: number;
  /** How long a log-in waits until this member sees that a hub is its own: the store is as fast as that. */
  readonly claimWaitMs: number;

  // -- what members tell the controller of their sessions
  /** Changes are gathered for so long. */
  readonly reportDelayMs: number;
  /** Sessions in one message. */
  readonly rowsPerReport: number;
  /** A member that reports more is not believed. */
  readonly maxSessionsPerMember: number;
  /** A message that was not answered by then is told again. */
  readonly reportTimeoutMs: number;
  /** After a message that came to nothing, and between two requests of the controller for a list. */
  readonly reportRetryMs: number;

  // -- drain
  /** From the announcement to the first session that is sent away. */
  readonly drainDelayMs: number;
  /** Sessions per second that a draining member sends away. */
  readonly drainSessionsPerSecond: number;
}

export const defaultClusterSessionLimits: ClusterSessionLimits = Object.freeze({
  ticketLifeMs: 30_000,
  maxTickets: 10_000,
  ticketCallTimeoutMs: 1_000,
  deafMs: 3_000,
  maxMembersTried: 4,
  placeTimeoutMs: 8_000,
  placeCallTimeoutMs: 3_000,
  retryPlaceMs: 200,
  readmitTimeoutMs: 2_000,
  maxWaitingLogins: 10_000,
  ledgerPatienceMs: 3_000,
  ledgerPatienceMaxMs: 10_000,
  hubLingerMs: 2_000,
  claimWaitMs: 2_000,
  reportDelayMs: 20,
  rowsPerReport: 1_000,
  maxSessionsPerMember: 1_000_000,
  reportTimeoutMs: 1_500,
  reportRetryMs: 500,
  drainDelayMs: 1_500,
  drainSessionsPerSecond: 50,
});
