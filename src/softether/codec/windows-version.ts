import type { Pack } from './pack.ts';
import { cutName } from './peer-text.ts';

/** The operating system as Windows would tell it; others send zeros and a title. */
export interface WindowsVersion {
  readonly isWindows: boolean;
  readonly isNt: boolean;
  readonly isServer: boolean;
  readonly isBeta: boolean;
  readonly major: number;
  readonly minor: number;
  readonly build: number;
  readonly servicePack: number;
  readonly title: string;
}

export function notWindows(title: string): WindowsVersion {
  const no = { isWindows: false, isNt: false, isServer: false, isBeta: false };
  return { ...no, major: 0, minor: 0, build: 0, servicePack: 0, title };
}

export function windowsVersionOf(pack: Pack): WindowsVersion {
  return {
    isWindows: pack.bool('V_IsWindows'),
    isNt: pack.bool('V_IsNT'),
    isServer: pack.bool('V_IsServer'),
    isBeta: pack.bool('V_IsBeta'),
    major: pack.int('V_VerMajor'),
    minor: pack.int('V_VerMinor'),
    build: pack.int('V_Build'),
    servicePack: pack.int('V_ServicePack'),
    title: cutName(pack.str('V_Title')),
  };
}

export function setWindowsVersion(pack: Pack, version: WindowsVersion): Pack {
  return pack
    .setBool('V_IsWindows', version.isWindows)
    .setBool('V_IsNT', version.isNt)
    .setBool('V_IsServer', version.isServer)
    .setBool('V_IsBeta', version.isBeta)
    .setInt('V_VerMajor', version.major)
    .setInt('V_VerMinor', version.minor)
    .setInt('V_Build', version.build)
    .setInt('V_ServicePack', version.servicePack)
    .setStr('V_Title', version.title);
}
