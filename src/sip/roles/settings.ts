/** What a member does with requests that name no member (SIP Farm), and how its own requests get out. */
export type FarmMode = 'member' | 'disabled' | 'relay';
/** Where Call Legs, and Signals, that this member needs are made. */
export type Processing = 'locally' | 'locally-for-others' | 'remotely';
/** How the load balancer in front works, if there is one; see docs/operations/sip-farm.md. */
export type Balancer = 'none' | 'nat' | 'dsr';

export type FarmSetting = 'auto' | FarmMode;
export type ProcessingSetting = 'auto' | Processing;

export const farmSettings: readonly FarmSetting[] = ['auto', 'member', 'disabled', 'relay'];
export const processingSettings: readonly ProcessingSetting[] = ['auto', 'locally', 'locally-for-others', 'remotely'];
export const balancers: readonly Balancer[] = ['none', 'nat', 'dsr'];

/** The three that say what part a member plays. */
export interface RoleSettings {
  readonly farm: FarmSetting;
  readonly signals: ProcessingSetting;
  readonly callLegs: ProcessingSetting;
}

/** How the world outside sees this server. These may be set for the whole cluster, too. */
export interface FaceSettings {
  /** Addresses that several servers answer for, through a balancer. */
  readonly virtualAddresses: readonly string[];
  readonly balancer: Balancer;
  /** What places outside of `lanNetworks` are told, where it is not a virtual address; empty: nothing else than inside. */
  readonly wanAddress: string;
  /** `192.0.2.0/24`, …: who is told the own addresses of servers. */
  readonly lanNetworks: readonly string[];
}

export interface FarmSettings extends RoleSettings, FaceSettings {}

/** What one place says: a file, or a record of the store. What it does not mention, it leaves to the next place. */
export type FarmOverrides = { readonly [K in keyof FarmSettings]?: FarmSettings[K] | undefined };
export type FaceOverrides = { readonly [K in keyof FaceSettings]?: FaceSettings[K] | undefined };

export const defaultFarmSettings: FarmSettings = Object.freeze({
  farm: 'auto',
  signals: 'auto',
  callLegs: 'auto',
  virtualAddresses: [],
  balancer: 'none',
  wanAddress: '',
  lanNetworks: [],
});

/** Where a value comes from: set for this server, its configuration file, set for the cluster, or nobody said anything. */
export type SettingSource = 'server' | 'file' | 'cluster' | 'default';

export interface Effective {
  readonly settings: FarmSettings;
  readonly sources: { readonly [K in keyof FarmSettings]: SettingSource };
}

export interface SettingPlaces {
  /** Set for this server at run time. */
  readonly server: FarmOverrides;
  readonly file: FarmOverrides;
  readonly cluster: FaceOverrides;
}

/** Each value from the first place that says something: this server, its file, the cluster. */
export function effectiveSettings({ server, file, cluster }: SettingPlaces): Effective {
  const places: readonly (readonly [SettingSource, FarmOverrides])[] = [
    ['server', server],
    ['file', file],
    ['cluster', cluster],
    ['default', defaultFarmSettings],
  ];
  const sourceOf = (key: keyof FarmSettings): SettingSource =>
    places.find(([, place]) => place[key] !== undefined)?.[0] ?? 'default';
  const pick = <K extends keyof FarmSettings>(key: K): FarmSettings[K] => {
    for (const [, place] of places) {
      const value = place[key];
      if (value !== undefined) return value;
    }
    return defaultFarmSettings[key];
  };
  const keys = Object.keys(defaultFarmSettings) as (keyof FarmSettings)[];
  return {
    settings: {
      farm: pick('farm'),
      signals: pick('signals'),
      callLegs: pick('callLegs'),
      virtualAddresses: pick('virtualAddresses'),
      balancer: pick('balancer'),
      wanAddress: pick('wanAddress'),
      lanNetworks: pick('lanNetworks'),
    },
    sources: Object.fromEntries(keys.map((key) => [key, sourceOf(key)])) as Effective['sources'],
  };
}
