export { addressText, networkText } from './settings-codec.ts';
export { balancers, farmSettings, processingSettings } from './settings.ts';
export type { FaceOverrides, FarmOverrides, FarmSettings, SettingSource } from './settings.ts';
