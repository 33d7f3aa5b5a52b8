/** What the directory of domains and accounts holds at most; further ones are refused with TOO_MANY_…. */
export interface AccountLimits {
  readonly maxDomains: number;
  /** Over all domains. */
  readonly maxAccounts: number;
}

export const defaultAccountLimits: AccountLimits = Object.freeze({ maxDomains: 10_000, maxAccounts: 2_000_000 });

export const accountLimits = {
  domainMaxChars: 253,
  userMaxChars: 64,
  maxAliases: 32,
  displayNameMaxChars: 128,
  maxContacts: 100,
} as const;
