import {
  addressText,
  balancers,
  farmSettings,
  networkText,
  processingSettings,
  type FarmOverrides,
  type FarmSettings,
  type Nullable,
} from '#sip';
import { ErrorCode } from '#softether';
import { optional, str, type ValueOf } from '../schema/field.ts';
import { Refusal, refuse } from './refusal.ts';

const listMax = 256;

/** Absent: as it is. */
export const farmSettingFields = {
  Farm: optional(str(farmSettings.join(', '))),
  Signals: optional(str(processingSettings.join(', '))),
  CallLegs: optional(str('as Signals')),
  VirtualAddresses: optional(str('with commas; empty: none')),
  Balancer: optional(str(balancers.join(', '))),
  WanAddress: optional(str('empty: none')),
  LanNetworks: optional(str('192.0.2.0/24, … with commas; empty: none')),
};

type Input = ValueOf<typeof farmSettingFields> & { readonly Unset: readonly string[] };

const names: readonly (keyof FarmSettings)[] = [
  'farm',
  'signals',
  'callLegs',
  'virtualAddresses',
  'balancer',
  'wanAddress',
  'lanNetworks',
];

export const settingText = (value: string | readonly string[]): string =>
  typeof value === 'string' ? value : value.join(',');

/** What is to be different; null: not set there any more. */
export function farmChanges(input: Input): Nullable<FarmOverrides> | Refusal {
  const wrong = input.Unset.find((name) => !names.some((one) => one === name));
  if (wrong !== undefined) return invalid(`"${wrong.slice(0, 100)}" is no setting: it is one of ${names.join(', ')}`);
  const farm = choice('Farm', farmSettings, input.Farm);
  const signals = choice('Signals', processingSettings, input.Signals);
  const callLegs = choice('CallLegs', processingSettings, input.CallLegs);
  const balancer = choice('Balancer', balancers, input.Balancer);
  const virtualAddresses = listed('VirtualAddresses', 'an IP address', addressText, input.VirtualAddresses);
  const lanNetworks = listed('LanNetworks', 'a network such as 192.0.2.0/24', networkText, input.LanNetworks);
  const wan = input.WanAddress;
  const wanAddress = wan === undefined || wan === '' ? wan : (addressText(wan) ?? invalidAddress('WanAddress', wan));
  if (farm instanceof Refusal) return farm;
  if (signals instanceof Refusal) return signals;
  if (callLegs instanceof Refusal) return callLegs;
  if (balancer instanceof Refusal) return balancer;
  if (virtualAddresses instanceof Refusal) return virtualAddresses;
  if (lanNetworks instanceof Refusal) return lanNetworks;
  if (wanAddress instanceof Refusal) return wanAddress;
  const unset = Object.fromEntries(input.Unset.map((name) => [name, null]));
  const changes: Nullable<FarmOverrides> = {
    ...withoutAbsent({ farm, signals, callLegs, balancer, virtualAddresses, lanNetworks, wanAddress }),
    ...unset,
  };
  return Object.keys(changes).length === 0 ? invalid(`nothing to set: give one of ${names.join(', ')}`) : changes;
}

const withoutAbsent = (values: FarmOverrides): FarmOverrides =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const invalid = (reason: string): Refusal => refuse(ErrorCode.INVALID_PARAMETER, reason);

const invalidAddress = (name: string, value: string): Refusal =>
  invalid(`${name}: "${value.slice(0, 100)}" is no IP address`);

function choice<T extends string>(
  name: string,
  choices: readonly T[],
  value: string | undefined,
): T | undefined | Refusal {
  if (value === undefined) return undefined;
  return (
    choices.find((one) => one === value) ??
    invalid(`${name}: "${value.slice(0, 100)}" is none of ${choices.join(', ')}`)
  );
}

function listed(
  name: string,
  what: string,
  read: (text: string) => string | undefined,
  value: string | undefined,
): readonly string[] | undefined | Refusal {
  if (value === undefined) return undefined;
  const words = value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (words.length > listMax) return invalid(`${name}: ${words.length} are too many, at most ${listMax}`);
  const found: string[] = [];
  for (const word of words) {
    const one = read(word);
    if (one === undefined) return invalid(`${name}: "${word.slice(0, 100)}" is not ${what}`);
    found.push(one);
  }
  return found;
}
