/** How this server forwards. */
export interface ProxySettings {
  /** Put into the Record-Route of requests that make dialogs: always, only where a party needs its flow, or never. */
  readonly recordRoute: 'always' | 'nat' | 'never';
  /** RFC 3261 §16.6 item 11: an INVITE that rings for so long without a word is cancelled. More than three minutes. */
  readonly timerCMs: number;
  /** Follow a 3xx of a registered contact (RFC 3261 §16.5). */
  readonly followRedirects: boolean;
  /** RFC 5393 §5.3.3: of a request that names none. */
  readonly maxBreadth: number;
  /** Places that one request may be sent to, all in all. */
  readonly maxTargets: number;
}

export const defaultProxySettings: ProxySettings = {
  recordRoute: 'always',
  timerCMs: 185_000,
  followRedirects: true,
  maxBreadth: 60,
  maxTargets: 32,
};
