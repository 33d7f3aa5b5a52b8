/** A plain password that somebody else has to check. */
export interface ExternalQuestion {
  readonly hubName: string;
  readonly kind: 'radius' | 'ntDomain';
  /** The name to ask for: that of the record, or the typed one where the record has none. */
  readonly userName: string;
  readonly password: string;
}

/** `unsupported` = no server of this kind is set up for the hub. */
export type ExternalAnswer = 'accepted' | 'refused' | 'unsupported';

/** RADIUS or an NT domain. A rejected promise counts as "cannot be reached": the log-in fails. */
export interface ExternalAuthenticator {
  authenticate(question: ExternalQuestion): Promise<ExternalAnswer>;
}
