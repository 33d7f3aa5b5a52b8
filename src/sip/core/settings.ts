import { defaultNatPingSettings, type NatPingSettings } from '../proxy/nat-pinger.ts';
import { defaultProxySettings, type ProxySettings } from '../proxy/settings.ts';
import { defaultTimerSettings, type TimerSettings } from '../transaction/times.ts';
import { defaultTransactionLimits, type TransactionLimits } from '../transaction/transaction-layer.ts';
import type { RelayPolicy } from './target-finder.ts';

/** What transactions, proxy and core are told. */
export interface CoreSettings {
  readonly timers: TimerSettings;
  readonly limits: TransactionLimits;
  readonly proxy: ProxySettings;
  /** Networks whose requests are not challenged: `192.0.2.0/24`. */
  readonly trusted: readonly string[];
  readonly relay: RelayPolicy;
  readonly natPing: NatPingSettings;
}

export const defaultCoreSettings: CoreSettings = {
  timers: defaultTimerSettings,
  limits: defaultTransactionLimits,
  proxy: defaultProxySettings,
  trusted: [],
  relay: 'clients',
  natPing: defaultNatPingSettings,
};
