import type { FarmWarning } from './resolve-farm.ts';
import type { Balancer, FarmMode, FarmSettings, Processing, RoleSettings, SettingSource } from './settings.ts';

/** One member of the farm, for administrators. */
export interface FarmMemberStatus {
  readonly name: string;
  readonly isSelf: boolean;
  /** `alone`, `threads`, `frontend`, `backend` */
  readonly role: string;
  readonly token: string;
  readonly configured: RoleSettings;
  readonly resolved: { readonly farm: FarmMode; readonly signals: Processing; readonly callLegs: Processing };
  /** New calls go to it. */
  readonly isInFarm: boolean;
  readonly isReady: boolean;
  readonly isReachable: boolean;
  readonly isDraining: boolean;
  /** Why it is not ready, or not reached; empty: nothing. */
  readonly problem: string;
  /** `192.0.2.1:5570`; empty: none. */
  readonly relayAddress: string;
  readonly balancer: Balancer;
  readonly virtualAddresses: readonly string[];
  readonly boundAddresses: readonly string[];
  readonly wanAddress: string;
  readonly weight: number;
  readonly warnings: readonly FarmWarning[];
}

export interface FarmStatus {
  /** Of this server, and where each value comes from. */
  readonly settings: FarmSettings;
  readonly sources: { readonly [K in keyof FarmSettings]: SettingSource };
  /** This one first. */
  readonly members: readonly FarmMemberStatus[];
}
