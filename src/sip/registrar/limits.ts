/** Settings of the registrar. Seconds. */
export interface RegistrarSettings {
  /** Shorter ones get 423 (RFC 3261 §10.3 step 7), but for 0. */
  readonly minExpiresS: number;
  /** Longer ones are cut to it. */
  readonly maxExpiresS: number;
  /** Where the client does not say. */
  readonly defaultExpiresS: number;
  /** Of an account at once, unless the account says otherwise; further ones get 403. */
  readonly contactsPerAccount: number;
  /** Service-Route (RFC 3608) of answers; empty = none. */
  readonly serviceRoute: readonly string[];
  /** Flow-Timer (RFC 5626 §5.4) of answers to clients with outbound. */
  readonly flowTimerS: number;
}

export const defaultRegistrarSettings: RegistrarSettings = Object.freeze({
  minExpiresS: 60,
  maxExpiresS: 86_400,
  defaultExpiresS: 3_600,
  contactsPerAccount: 10,
  serviceRoute: [],
  flowTimerS: 120,
});

export const registrarCaps = {
  /** Above it 403. */
  maxContactsOfRequest: 100,
  maxPath: 16,
  /** The rest is cut off. */
  userAgentMaxChars: 64,
  /** Bindings of all members that are held; above it 503. */
  maxBindings: 2_000_000,
  /** That wait for an owner of their account, on one member; above it 503 at once. */
  maxWaiting: 10_000,
  /** Accounts whose bindings are in no store yet, since it is away; above it 503. */
  maxProvisional: 100_000,
  /** URI, parameters and instance of a Contact together; above it 403. */
  contactMaxChars: 2_048,
  /** All hops of a Path, and the Call-ID; above it 403. With 100 contacts an account's record stays below 1 MiB. */
  pathMaxChars: 4_096,
  callIdMaxChars: 512,
} as const;
