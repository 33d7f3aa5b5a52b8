/** Seconds, counts and bytes of event packages, publications and kept messages. */
export const eventLimits = {
  /** RFC 6665 §4.2.1.1: shorter ones get 423; 0 ends or only fetches. */
  minExpiresS: 60,
  maxExpiresS: 3_600,
  defaultExpiresS: 3_600,
  /** RFC 3856 §6.10 wants NOTIFYs of one subscription no closer than 5 s. */
  presenceIntervalMs: 5_000,
  /** Of the other packages: a lamp on a telephone must not wait. */
  notifyIntervalMs: 200,
  /** Beyond these a SUBSCRIBE gets 503. */
  maxSubscriptions: 100_000,
  maxSubscriptionsPerResource: 500,
  /** Beyond these a PUBLISH gets 503. */
  maxPublications: 200_000,
  maxPublicationsPerAccount: 10,
  /** Beyond it a PUBLISH gets 413. */
  publishedMaxBytes: 65_536,
  /** Dialogs of one account that are told of; further calls are not seen. */
  maxDialogsPerAccount: 50,
  /** Beyond it the oldest one counts as ended. */
  maxDialogs: 200_000,
  /** Messages that wait for one account. Beyond it the sender hears 480, as without a store. */
  maxMessagesPerAccount: 100,
  /** Of all accounts: the store is not there for a flood. */
  maxMessages: 1_000_000,
  messageMaxBytes: 32_768,
  /**
   * Who has not answered a MESSAGE by then counts as away: it was sent five times by UDP, and the sender, who gives up
   * after 32 s (timer F), still waits, also behind other proxies.
   */
  messagePatienceMs: 8_000,
  /** How long a message waits for its receiver. */
  messageKeptS: 14 * 86_400,
} as const;
