export { addressText, networkText } from './settings-codec.ts';
export type { Nullable } from './farm-settings-store.ts';
export type { FarmMemberStatus, FarmStatus } from './farm-status.ts';
export type { FarmPart } from './farm-part.ts';
export { balancers, defaultFarmSettings, farmSettings, processingSettings } from './settings.ts';
export type { Balancer, FaceOverrides, FarmOverrides, FarmSettings, SettingSource } from './settings.ts';
export type { RelayPlace } from './relay-port.ts';
